import type { actorKinds } from '../access/actor.ts';
import type { appPermissions, permissions } from '../access/permissions.ts';
import type { ErrorCode } from '../errors.ts';
import type { Builder } from './schema-types.ts';

type Described<Name extends string> = Record<Name, { description: string }>;

const errorCodes: Described<ErrorCode> = {
  VALIDATION_FAILED: { description: 'The input is invalid. `issues` lists every problem.' },
  NOT_FOUND: { description: 'There is no such record, or it belongs to somebody else.' },
  CONFLICT: { description: "The record's current state does not allow the operation." },
  NOT_REPLAYABLE: { description: 'The delivery has not ended, or it has succeeded.' },
  IDEMPOTENCY_KEY_REUSED: {
    description: 'The idempotency key was used with another input within the last 24 hours.',
  },
  IDEMPOTENCY_KEY_IN_PROGRESS: { description: 'The first call with this idempotency key is still running.' },
  LIMIT_EXCEEDED: { description: 'A limit was exceeded.' },
};

const deliveryStatuses = {
  PENDING: { description: 'The delivery waits for its first attempt.' },
  DELIVERING: { description: 'An attempt is running and has lasted for more than a second.' },
  RETRYING: { description: 'An attempt failed and another one is scheduled.' },
  SUCCEEDED: { description: 'The receiver answered with a 2xx status within the deadline.' },
  FAILED: { description: 'The delivery was given up for the reason in `failureReason`. It can be replayed.' },
  DEAD_LETTER: { description: 'Every attempt of the retry schedule failed. The delivery can be replayed.' },
} as const;

const kinds: Described<(typeof actorKinds)[number]> = {
  API_KEY: { description: 'An API key of a tenant.' },
  USER: { description: 'A person with a JWT of the identity provider.' },
  SERVICE: { description: 'An internal service with a JWT of the identity provider.' },
  CONSOLE_LINK: { description: 'A person who opened a link to the console that `createConsoleLink` made.' },
  APP: { description: 'A partner app with its own access token.' },
  INTERNAL: { description: 'A machine that calls a secret-backed route.' },
  SYSTEM: { description: 'Heliograph itself.' },
};

const permissionValues: Described<(typeof permissions)[number]> = {
  MANAGE_WEBHOOKS: { description: 'See and change endpoints and deliveries, and subscribe to the live log.' },
  PUBLISH_EVENTS: { description: 'Publish events.' },
  MANAGE_EVENT_TYPES: {
    description:
      'Register and deprecate event types, for the whole platform. API keys and console links cannot have it.',
  },
  MANAGE_API_KEYS: { description: 'See, create and revoke API keys.' },
  MANAGE_APPS: { description: 'Create partner apps, and install apps for the tenant.' },
  READ_AUDIT_LOG: { description: "Read the owner's audit log." },
  MANAGE_TENANTS: {
    description: 'See and create tenants, for the whole platform. API keys and console links cannot have it.',
  },
};

const appPermissionValues: Described<(typeof appPermissions)[number]> = {
  MANAGE_APP: { description: 'Change and delete the app.' },
  MANAGE_WEBHOOK: {
    description: "Set, test, verify and pause the app's webhook; replay and purge its deliveries.",
  },
  ROTATE_SECRETS: { description: "Rotate the app's client secret and its webhook's signing secret." },
  MANAGE_MEMBERS: { description: 'Invite, change and remove members.' },
  PUBLISH_VERSIONS: { description: 'Publish versions of the app.' },
  VIEW_DELIVERIES: {
    description: "Read the app's deliveries and installations, and subscribe to its live log.",
  },
};

/** Returns the status with that name. Throws if there is none. */
export function deliveryStatusNamed(name: string): keyof typeof deliveryStatuses {
  const status = (Object.keys(deliveryStatuses) as (keyof typeof deliveryStatuses)[]).find(
    (known) => known === name,
  );
  if (status === undefined) throw new Error(`There is no delivery status ${name}.`);
  return status;
}

/** The enums that several rooms use. */
export function addEnums(builder: Builder) {
  return {
    ErrorCode: builder.enumType('ErrorCode', {
      description: 'The kinds of expected errors.',
      values: errorCodes,
    }),
    DeliveryStatus: builder.enumType('DeliveryStatus', {
      description:
        'The status of a delivery. PENDING and RETRYING deliveries wait for an attempt. SUCCEEDED, FAILED and DEAD_LETTER are final.',
      values: deliveryStatuses,
    }),
    ActorKind: builder.enumType('ActorKind', { description: 'The kinds of callers.', values: kinds }),
    Permission: builder.enumType('Permission', {
      description:
        'The permissions of an API key, a JWT or a console link. The JWT claim `permissions` holds the same names in lower case.',
      values: permissionValues,
    }),
    AppPermission: builder.enumType('AppPermission', {
      description: 'The permissions that a member of a partner app can have for it.',
      values: appPermissionValues,
    }),
  };
}
