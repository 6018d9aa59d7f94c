import { AppPermission, builder, Permission } from '../graph/builder.ts';
import { type CapabilityEntry, readInventory } from './capability.ts';

const Capability = builder.objectRef<CapabilityEntry>('Capability').implement({
  description: 'One thing that the service can do: a root field of this schema, or an HTTP route.',
  fields: (t) => ({
    method: t.exposeString('method', {
      description: 'QUERY, MUTATION or SUBSCRIPTION for a root field; GET or POST for a route.',
    }),
    path: t.exposeString('path', { description: "The root field's name, or the route's path." }),
    family: t.exposeString('family', { description: 'The part of the service that owns it: `endpoints`.' }),
    description: t.exposeString('description', { description: 'What it does.' }),
    auth: t.exposeStringList('auth', {
      description:
        'Which credentials it takes: API_KEY, USER, SERVICE, APP, CRON_SECRET, SIGNATURE. Empty: anybody may call it.',
    }),
    permissions: t.expose('permissions', {
      type: [Permission],
      description: 'Any of these lets the caller in. Empty, as `appPermissions`: the credential suffices.',
    }),
    appPermissions: t.expose('appPermissions', {
      type: [AppPermission],
      description: 'Any of these, with the app that it is about, lets the caller in, too.',
    }),
    request: t.exposeString('request', {
      description: 'What it takes: arguments with their types, or the shape of the request.',
    }),
    response: t.exposeString('response', {
      description: 'What it answers: a type, or the shape of the body.',
    }),
    errors: t.exposeStringList('errors', { description: 'Codes of errors that a caller must expect.' }),
    records: t.exposeStringList('records', { description: 'Kinds of records that it reads or changes.' }),
    sideEffects: t.exposeStringList('sideEffects', {
      description: 'What else happens. Empty for a mere read.',
    }),
    idempotency: t.exposeString('idempotency', { description: 'How a repeated call behaves.' }),
    deprecation: t.exposeString('deprecation', {
      nullable: true,
      description: 'Why it should no longer be used, and what instead; null where it may.',
    }),
    source: t.exposeString('source', { description: 'File and line of the code that declares it.' }),
    proof: t.exposeString('proof', { description: 'The test that shows the allowed and the denied call.' }),
  }),
});

builder.queryField('capabilities', (t) =>
  t.field({
    type: [Capability],
    description:
      'What the service can do, who may do it, what it changes and how a repeated call behaves: every root field and every HTTP route.',
    permission: 'ANY_CREDENTIAL',
    capability: { records: ['Capability'], sideEffects: [], idempotency: 'A read: changes nothing.' },
    complexity: { field: 1, multiplier: 1 },
    resolve: () => readInventory(),
  }),
);
