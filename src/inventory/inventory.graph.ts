import { AppPermission, builder, Permission } from '../graph/builder.ts';
import { type CapabilityEntry, readInventory } from './capability.ts';

const Capability = builder.objectRef<CapabilityEntry>('Capability').implement({
  description: 'One operation of the service: a root field of this schema, or an HTTP route.',
  fields: (t) => ({
    method: t.exposeString('method', {
      description: 'QUERY, MUTATION or SUBSCRIPTION for a root field; GET or POST for a route.',
    }),
    path: t.exposeString('path', { description: "The root field's name, or the route's path." }),
    family: t.exposeString('family', {
      description: 'The part of the service that it belongs to, such as `endpoints`.',
    }),
    description: t.exposeString('description', { description: 'A description of what it does.' }),
    auth: t.exposeStringList('auth', {
      description:
        'The credentials that it accepts: API_KEY, USER, SERVICE, APP, CRON_SECRET, SIGNATURE. Empty means that anybody may call it.',
    }),
    permissions: t.expose('permissions', {
      type: [Permission],
      description:
        'A caller with any of these permissions is allowed. If this and `appPermissions` are empty, the credential alone is enough.',
    }),
    appPermissions: t.expose('appPermissions', {
      type: [AppPermission],
      description: 'A caller with any of these permissions for the app concerned is also allowed.',
    }),
    request: t.exposeString('request', {
      description: 'The arguments with their types, or the shape of the request.',
    }),
    response: t.exposeString('response', {
      description: 'The type of the answer, or the shape of its body.',
    }),
    errors: t.exposeStringList('errors', { description: 'The codes of the errors that it can answer with.' }),
    records: t.exposeStringList('records', { description: 'The types of records that it reads or changes.' }),
    sideEffects: t.exposeStringList('sideEffects', {
      description: 'Everything else that a call causes. Empty if it only reads.',
    }),
    idempotency: t.exposeString('idempotency', { description: 'How a repeated call behaves.' }),
    deprecation: t.exposeString('deprecation', {
      nullable: true,
      description: 'Why it is deprecated and what to use instead; null if it is not deprecated.',
    }),
    source: t.exposeString('source', { description: 'File and line of the code that declares it.' }),
    proof: t.exposeString('proof', { description: 'The test that makes one allowed and one denied call.' }),
  }),
});

builder.queryField('capabilities', (t) =>
  t.field({
    type: [Capability],
    description:
      'All operations of the service, that is, every root field and every HTTP route, with who may call each, what it changes and how a repeated call behaves.',
    permission: 'ANY_CREDENTIAL',
    capability: { records: ['Capability'], sideEffects: [], idempotency: 'It only reads.' },
    // Root fields and routes together are about a hundred.
    complexity: { field: 1, multiplier: 100 },
    resolve: () => readInventory(),
  }),
);
