import { platformOwnerId } from '../access/actor.ts';
import { ConflictError, NotFoundError, ValidationError } from '../errors.ts';
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
    'A kind of event that can be published and subscribed to. The catalogue is one for the whole platform.',
  permission: 'ANY_CREDENTIAL',
  id: (type) => encodeId('EventType', type.id),
  load: async (ids, context) => {
    const found = await findEventTypes(context.services.database, ids);
    return ids.map((id) => found.find((type) => type.id === id));
  },
  fields: (t) => ({
    name: t.exposeString('name', {
      description:
        'Unique on the platform: one or more dot-separated segments of a-z, 0-9, _ and -, such as `comment.created`; at most 128 characters.',
    }),
    description: t.exposeString('description', {
      description: 'What has happened when such an event is published.',
    }),
    category: t.exposeString('category', {
      description:
        'The name before its first dot, or the whole name: what `comment.*` subscribes to, and what versions of apps declare.',
    }),
    dataType: t.exposeString('dataType', {
      description: 'The kind of record that the payload shows: `Comment`.',
    }),
    schema: t.expose('schema', {
      type: 'JSON',
      nullable: true,
      description:
        'JSON Schema (2020-12) that every published payload satisfies. Null: any payload is taken. It never changes.',
    }),
    example: t.expose('example', {
      type: 'JSON',
      description: 'A payload as it may come; test events are made of it.',
    }),
    isLifecycle: t.exposeBoolean('isLifecycle', {
      description: 'True for `app.installed` and its kin, which go to the app’s own webhook.',
    }),
    deprecatedAt: t.expose('deprecatedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Since when it should not be built upon; null while it may. It can still be published.',
    }),
    deprecationReason: t.exposeString('deprecationReason', {
      nullable: true,
      description: 'Why it is deprecated, and what to use instead; null while it is not.',
    }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'When it was registered.',
      resolve: (type) => new Date(timeOfUuid(type.id)),
    }),
  }),
});

const read = { records: ['EventType'], sideEffects: [], idempotency: 'A read: changes nothing.' };

builder.queryFields((t) => ({
  eventType: t.field({
    type: EventType,
    nullable: true,
    description: 'The event type of this name; null where there is none.',
    permission: 'ANY_CREDENTIAL',
    capability: read,
    args: { name: t.arg.string({ required: true, description: 'The whole name: `comment.created`.' }) },
    resolve: (_root, { name }, context) => findEventType(context.services.database, name),
  }),
  eventTypes: t.field({
    type: [EventType],
    description: `The catalogue by name: the first ${maxListedEventTypes} that match.`,
    permission: 'ANY_CREDENTIAL',
    capability: read,
    args: {
      category: t.arg.string({
        description: 'Only those of this category: what stands before the first dot.',
      }),
      includeDeprecated: t.arg.boolean({
        required: true,
        defaultValue: false,
        description: 'Whether deprecated types are listed too; false by default.',
      }),
    },
    resolve: (_root, filter, context) => listEventTypes(context.services.database, filter),
  }),
}));

mutation(builder, 'registerEventType', {
  description:
    'Adds an event type to the catalogue, for the whole platform. It can be published and subscribed to at once, and never changes afterwards. ConflictError where the name is taken.',
  permission: 'MANAGE_EVENT_TYPES',
  capability: {
    records: ['EventType'],
    sideEffects: ['audit entry'],
    idempotency: 'A second call with the name answers with a ConflictError.',
  },
  input: (t) => ({
    name: t.string({
      required: true,
      description:
        'One or more dot-separated segments of a-z, 0-9, _ and -; at most 128 characters. Names that begin with `app.` or `endpoint.` belong to the platform.',
    }),
    description: t.string({
      required: true,
      description: `What has happened when such an event is published: 1 to ${maxDescriptionLength} characters.`,
    }),
    dataType: t.string({
      required: true,
      description: `The kind of record that the payload shows: 1 to ${maxDataTypeLength} characters.`,
    }),
    schema: t.field({
      type: 'JSON',
      description:
        'JSON Schema (2020-12) that every payload has to satisfy; by default any payload is taken. At most 64 KiB, 200 levels deep; references lead inside the schema only. Patterns are RE2’s: without looking ahead or behind and without references back to a group; repetitions count to 1,000. Publishing tells of the first fault of a payload; one that takes longer than 1.5 seconds to check is refused (TOO_COSTLY).',
    }),
    example: t.field({
      type: 'JSON',
      required: true,
      description:
        'A payload as it may come; it has to satisfy the schema. At most 256 KiB, 200 levels deep.',
    }),
  }),
  payload: { eventType: { type: EventType, description: 'The new event type.' } },
  errors: [ValidationError, ConflictError],
  resolve: async (input, context) => {
    const by = { actor: requireActor(context), requestId: context.requestId };
    const { eventTypes: catalogue, database } = context.services;
    const given = { ...input, example: input.example };
    await checkRegistration(given, { catalogue, ownerId: by.actor.tenantId ?? platformOwnerId });
    const register = database.query.transaction();
    return { eventType: await register.execute((trx) => registerEventType(trx, given, by)) };
  },
});

mutation(builder, 'deprecateEventType', {
  description:
    'Marks an event type as one not to build upon. It can still be published and subscribed to. The platform’s own types (`app.…`, `endpoint.…`) cannot be deprecated: BAD_USER_INPUT.',
  permission: 'MANAGE_EVENT_TYPES',
  capability: {
    records: ['EventType'],
    sideEffects: ['audit entry'],
    idempotency:
      'A second call replaces the reason and keeps the first date; with the same reason it changes nothing.',
  },
  input: (t) => ({
    name: t.string({ required: true, description: 'The whole name: `comment.created`.' }),
    reason: t.string({
      required: true,
      description: `Why, and what to use instead: 1 to ${maxReasonLength} characters, else BAD_USER_INPUT.`,
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
