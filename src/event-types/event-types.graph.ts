import { platformOwnerId } from '../access/actor.ts';
import { usualLimits } from '../environment.ts';
import { ConflictError, LimitExceededError, NotFoundError, ValidationError } from '../errors.ts';
import { builder } from '../graph/builder.ts';
import { requireActor } from '../graph/context.ts';
import { node } from '../graph/node.ts';
import { mutation } from '../graph/result.ts';
import { encodeId, timeOfUuid } from '../ids.ts';
import {
  checkRegistration,
  deprecateEventType,
  maxDataTypeLength,
  maxDescriptionLength,
  maxReasonLength,
  registerEventType,
} from './catalogue.ts';
import {
  type EventType as EventTypeRecord,
  findEventType,
  findEventTypes,
  listEventTypes,
  maxListedEventTypes,
} from './event-type.ts';
import type { EventTypeCatalogue } from './payload-validator.ts';

declare module '../graph/context.ts' {
  interface Services {
    eventTypes: EventTypeCatalogue;
  }
}

export const EventType = builder.objectRef<EventTypeRecord>('EventType');

node(builder, EventType, {
  description:
    'A kind of event that can be published and subscribed to. There is one catalogue for the whole platform.',
  permission: 'ANY_CREDENTIAL',
  id: (type) => encodeId('EventType', type.id),
  load: async (ids, context) => {
    const found = await findEventTypes(context.services.database, ids);
    return ids.map((id) => found.find((type) => type.id === id));
  },
  fields: (t) => ({
    name: t.exposeString('name', {
      description:
        'Its name, unique on the platform: one or more dot-separated segments of a-z, 0-9, _ and -, such as `comment.created`; at most 128 characters.',
    }),
    description: t.exposeString('description', {
      description: 'An explanation of what has happened when such an event is published.',
    }),
    category: t.exposeString('category', {
      description:
        'The part of the name before its first dot, or the whole name if there is no dot. `comment.*` subscribes to a category, and versions of apps declare categories.',
    }),
    dataType: t.exposeString('dataType', {
      description: 'The kind of record that the payload shows, such as `Comment`.',
    }),
    schema: t.expose('schema', {
      type: 'JSON',
      nullable: true,
      description:
        'The JSON Schema (2020-12) that every published payload must satisfy; null if any payload is accepted. It never changes.',
    }),
    example: t.expose('example', {
      type: 'JSON',
      description: 'An example of a payload. Test events use it.',
    }),
    isLifecycle: t.exposeBoolean('isLifecycle', {
      description:
        'True for events about an app itself, such as `app.installed`. They are sent to the app’s webhook.',
    }),
    deprecatedAt: t.expose('deprecatedAt', {
      type: 'DateTime',
      nullable: true,
      description:
        'When it was deprecated; null if it is not deprecated. A deprecated type can still be published.',
    }),
    deprecationReason: t.exposeString('deprecationReason', {
      nullable: true,
      description: 'Why it is deprecated, and what to use instead; null if it is not deprecated.',
    }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'When it was registered.',
      resolve: (type) => new Date(timeOfUuid(type.id)),
    }),
  }),
});

const read = { records: ['EventType'], sideEffects: [], idempotency: 'It only reads.' };

builder.queryFields((t) => ({
  eventType: t.field({
    type: EventType,
    nullable: true,
    description: 'The event type with this name; null if there is none.',
    permission: 'ANY_CREDENTIAL',
    capability: read,
    args: {
      name: t.arg.string({ required: true, description: 'The full name, such as `comment.created`.' }),
    },
    resolve: (_root, { name }, context) => findEventType(context.services.database, name),
  }),
  eventTypes: t.field({
    type: [EventType],
    description: `The event types of the catalogue, ordered by name: the first ${maxListedEventTypes} that match.`,
    permission: 'ANY_CREDENTIAL',
    capability: read,
    args: {
      category: t.arg.string({
        description: 'Only event types of this category, which is the part of the name before the first dot.',
      }),
      includeDeprecated: t.arg.boolean({
        required: true,
        defaultValue: false,
        description: 'Whether to include deprecated types; false by default.',
      }),
    },
    resolve: (_root, filter, context) => listEventTypes(context.services.database, filter),
  }),
}));

mutation(builder, 'registerEventType', {
  description: `Adds an event type to the catalogue of the whole platform. It can be published and subscribed to at once, and its name and schema never change afterwards. A name that is taken is a ConflictError. The catalogue has at most ${usualLimits.eventTypes} types beside the platform’s own, unless the operator has set another limit; one more is a LimitExceededError.`,
  permission: 'MANAGE_EVENT_TYPES',
  capability: {
    records: ['EventType'],
    sideEffects: ['audit entry'],
    idempotency: 'A repeated call with the same name answers with ConflictError.',
  },
  input: (t) => ({
    name: t.string({
      required: true,
      description:
        'One or more dot-separated segments of a-z, 0-9, _ and -; at most 128 characters. Names that begin with `app.` or `endpoint.`, and the name `delivery.dead_lettered`, are reserved for the platform.',
    }),
    description: t.string({
      required: true,
      description: `An explanation of what has happened when such an event is published: 1 to ${maxDescriptionLength} characters. White space around it is removed.`,
    }),
    dataType: t.string({
      required: true,
      description: `The kind of record that the payload shows: 1 to ${maxDataTypeLength} characters. White space around it is removed.`,
    }),
    schema: t.field({
      type: 'JSON',
      description:
        'The JSON Schema (2020-12) that every payload must satisfy; by default any payload is accepted. At most 64 KiB and 200 levels deep, with references only to parts of the schema itself. Patterns use the syntax of RE2, without lookaround and backreferences, and with repetitions up to 1,000. Publishing reports only the first error of a payload. A payload whose check takes longer than 1.5 seconds is refused (TOO_COSTLY).',
    }),
    example: t.field({
      type: 'JSON',
      required: true,
      description:
        'An example of a payload, which must satisfy the schema. At most 256 KiB and 200 levels deep.',
    }),
  }),
  payload: { eventType: { type: EventType, description: 'The new event type.' } },
  errors: [ValidationError, ConflictError, LimitExceededError],
  resolve: async (input, context) => {
    const by = { actor: requireActor(context), requestId: context.requestId };
    const { eventTypes: catalogue, database, limits } = context.services;
    const given = { ...input, example: input.example };
    await checkRegistration(given, { catalogue, ownerId: by.actor.tenantId ?? platformOwnerId });
    const register = database.query.transaction();
    return { eventType: await register.execute((trx) => registerEventType(trx, given, { by, limits })) };
  },
});

mutation(builder, 'deprecateEventType', {
  description:
    'Marks an event type as deprecated. It can still be published and subscribed to. The platform’s own types (`app.…`, `endpoint.…`) cannot be deprecated: BAD_USER_INPUT.',
  permission: 'MANAGE_EVENT_TYPES',
  capability: {
    records: ['EventType'],
    sideEffects: ['audit entry'],
    idempotency:
      'A repeated call replaces the reason and keeps the first date. With the same reason it changes nothing.',
  },
  input: (t) => ({
    name: t.string({ required: true, description: 'The full name, such as `comment.created`.' }),
    reason: t.string({
      required: true,
      description: `The reason, and what to use instead: 1 to ${maxReasonLength} characters, otherwise it is BAD_USER_INPUT. White space around it is removed.`,
    }),
  }),
  payload: { eventType: { type: EventType, description: 'The deprecated event type.' } },
  errors: [NotFoundError],
  resolve: async (input, context) => {
    const by = { actor: requireActor(context), requestId: context.requestId };
    const deprecate = context.services.database.query.transaction();
    return { eventType: await deprecate.execute((trx) => deprecateEventType(trx, input, by)) };
  },
});
