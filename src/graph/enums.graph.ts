import type { actorKinds } from '../access/actor.ts';
import type { appPermissions, permissions } from '../access/permissions.ts';
import type { ErrorCode } from '../errors.ts';
import type { Builder } from './schema-types.ts';

type Described<Name extends string> = Record<Name, { description: string }>;

const errorCodes: Described<ErrorCode> = {
  VALIDATION_FAILED: { description: 'The input breaks a rule; `issues` name each place.' },
  NOT_FOUND: { description: 'There is no such record, or it belongs to somebody else.' },
  CONFLICT: { description: "The record's present state does not allow it." },
  NOT_REPLAYABLE: { description: 'The delivery is still on its way or has succeeded.' },
  IDEMPOTENCY_KEY_REUSED: {
    description: 'The idempotency key was used within the last 24 hours with another input.',
  },
  IDEMPOTENCY_KEY_IN_PROGRESS: { description: 'The first call with this idempotency key is still running.' },
  LIMIT_EXCEEDED: { description: 'More than is allowed was asked for.' },
};

const deliveryStatuses = {
  PENDING: { description: 'Queued for its first attempt.' },
  DELIVERING: { description: 'An attempt is under way and has lasted for over a second already.' },
  RETRYING: { description: 'An attempt failed; another is scheduled.' },
  SUCCEEDED: { description: 'The receiver answered with a 2xx status within the deadline.' },
  FAILED: { description: 'Given up at once: `failureReason` says why. Can be replayed.' },
  DEAD_LETTER: { description: 'Every attempt of the retry schedule failed. Can be replayed.' },
} as const;

const kinds: Described<(typeof actorKinds)[number]> = {
  API_KEY: { description: 'An API key of a tenant.' },
  USER: { description: 'A person, by a JWT of the identity provider.' },
  SERVICE: { description: 'An internal service, by a JWT of the identity provider.' },
  CONSOLE_LINK: { description: 'Whoever opened a link to the console, by `createConsoleLink`.' },
  APP: { description: 'A partner app, by its own access token.' },
  INTERNAL: { description: 'A machine that calls a secret-backed route.' },
  SYSTEM: { description: 'Heliograph itself.' },
};

const permissionValues: Described<(typeof permissions)[number]> = {
  MANAGE_WEBHOOKS: { description: 'See and change endpoints and deliveries, and subscribe to the live log.' },
  PUBLISH_EVENTS: { description: 'Publish events.' },
  MANAGE_EVENT_TYPES: {
    description:
      'Register and deprecate event types, for the whole platform. Never held by a key or a console link.',
  },
  MANAGE_API_KEYS: { description: 'See, create and revoke API keys.' },
  MANAGE_APPS: { description: 'Create partner apps, and install apps for the tenant.' },
  READ_AUDIT_LOG: { description: "Read the owner's audit log." },
  MANAGE_TENANTS: {
    description: 'See and create tenants, for the whole platform. Never held by a key or a console link.',
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

/** The status of that name. Throws where there is none. */
export function deliveryStatusNamed(name: string): keyof typeof deliveryStatuses {
  const status = (Object.keys(deliveryStatuses) as (keyof typeof deliveryStatuses)[]).find(
    (known) => known === name,
  );
  if (status === undefined) throw new Error(`There is no delivery status ${name}.`);
  return status;
}

/** The enums that more than one room speaks of. */
export function addEnums(builder: Builder) {
  return {
    ErrorCode: builder.enumType('ErrorCode', {
      description: 'What kind of expected failure it is.',
      values: errorCodes,
    }),
    DeliveryStatus: builder.enumType('DeliveryStatus', {
      description:
        'Where a delivery stands. PENDING and RETRYING wait for an attempt; SUCCEEDED, FAILED and DEAD_LETTER are ends.',
      values: deliveryStatuses,
    }),
    ActorKind: builder.enumType('ActorKind', { description: 'What kind of caller it is.', values: kinds }),
    Permission: builder.enumType('Permission', {
      description:
        'What an API key, a JWT or a console link may do. The JWT claim `permissions` holds the same names in lower case.',
      values: permissionValues,
    }),
    AppPermission: builder.enumType('AppPermission', {
      description: 'What a member of a partner app may do with it.',
      values: appPermissionValues,
    }),
  };
}
