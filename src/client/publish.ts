import { backOffMs, pause } from './back-off.ts';
import { type GraphQLFailure, RequestError } from './errors.ts';
import { Interruption } from './interruption.ts';
import { ask } from './query.ts';
import type { Settings } from './settings.ts';

export type NewEvent = Readonly<{
  /** The name of a registered event type. */
  type: string;
  /** The payload as JSON. Give exactly one of `payload` and `payloadText`. */
  payload?: unknown;
  /** The payload as JSON text, which is sent byte for byte. */
  payloadText?: string;
  /**
   * The same key within 24 hours is the same event. By default a key is generated, so that the call can be repeated.
   */
  idempotencyKey?: string;
  /** RFC 3339; by default now. */
  occurredAt?: string;
  tenant?: string;
}>;

export type PublishedEvent = Readonly<{
  event: Readonly<{ id: string }>;
  /** The key had been used already, so nothing was stored again. */
  isDuplicate: boolean;
  deliveryCount: number;
}>;

export const publishMutation = `mutation PublishEvents($events: [PublishEventInput!]!) {
  publishEvents(input: { events: $events }) {
    __typename
    ... on PublishEventsPayload { events { event { id } isDuplicate deliveryCount } }
    ... on Error { code message }
    ... on ValidationError { issues { path code message } }
  }
}`;

const mostTries = 6;

type Outcome = {
  __typename: string;
  code?: string;
  message?: string;
  issues?: readonly { path: readonly string[]; code: string; message: string }[];
  events?: readonly PublishedEvent[];
};

/**
 * Publishes events. When it has answered, the events and their deliveries are stored. Each event has a key, so a call
 * whose answer was lost is repeated and stores nothing twice.
 */
export async function publish(
  settings: Settings,
  events: readonly NewEvent[],
  signal: AbortSignal,
): Promise<{ events: readonly PublishedEvent[] }> {
  const keyed = events.map((event) => ({ idempotencyKey: newKey(), ...event }));
  for (let tries = 1; ; tries += 1) {
    try {
      return await publishOnce(settings, keyed, signal);
    } catch (error) {
      const isOver = tries === mostTries || signal.aborted;
      if (!(error instanceof Interruption)) throw error;
      if (isOver || error.isRefusal || error.isExpiry) throw error.asError();
      await pause((error.retryAfterSeconds ?? 0) * 1_000 + backOffMs(tries), signal);
    }
  }
}

async function publishOnce(settings: Settings, events: readonly NewEvent[], signal: AbortSignal) {
  const data = await ask<{ publishEvents: Outcome }>(
    settings,
    { query: publishMutation, variables: { events } },
    signal,
  );
  const { publishEvents: outcome } = data;
  if (outcome.events !== undefined) return { events: outcome.events };
  const { code = 'REFUSED', message = 'The events were refused.', issues = [] } = outcome;
  if (code === 'IDEMPOTENCY_KEY_IN_PROGRESS') throw new Interruption(message);
  const errors: GraphQLFailure[] = issues.map((issue) => ({
    message: issue.message,
    path: issue.path,
    extensions: { code: issue.code },
  }));
  const details = issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join(' ');
  throw new RequestError(code, details === '' ? message : details, errors);
}

/** It does not use `randomUUID`, which browsers have only on secure pages. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
