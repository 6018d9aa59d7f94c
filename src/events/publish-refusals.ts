import { LimitExceededError, RequestError, ValidationError } from '../errors.ts';

/** The reasons for which a call is not stored, apart from its content. */
export const maxDeliveriesPerCall = 100_000;

export const overloaded = () =>
  new RequestError(
    'RATE_LIMITED',
    'More is being published than the database can accept. Nothing was stored. Try again in a moment.',
    { retryAfterSeconds: 1 },
  );

export const tooManyDeliveries = (deliveries: number) =>
  new LimitExceededError(
    maxDeliveriesPerCall,
    `These events have ${deliveries} deliveries. Publish fewer events in one call.`,
  );

export const suspended = () =>
  new ValidationError([
    {
      path: ['events'],
      code: 'TENANT_SUSPENDED',
      message: 'This tenant is suspended, so nothing can be published for it.',
    },
  ]);

export const tooManyLarge = () =>
  new RequestError(
    'RATE_LIMITED',
    'Too many large calls are waiting. Nothing was stored. Publish fewer events in one call, or try again in a moment.',
    { retryAfterSeconds: 2 },
  );
