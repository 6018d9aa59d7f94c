import {
  type GraphQLObjectType,
  getNamedType,
  isObjectType,
  isUnionType,
  OperationTypeNode,
  parse,
} from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Actor } from '../../src/access/actor.ts';
import { appTokenPermissions, type Permission, permissions } from '../../src/access/permissions.ts';
import type { Context } from '../../src/graph/context.ts';
import { refuseEdge } from '../../src/graph/edge-guard.ts';
import { schema } from '../../src/schema.ts';
import { openStage, type Stage } from '../support/stage.ts';
import { ask } from './ask.ts';
import { type Credentials, openCredentials, secrets } from './credentials.ts';
import { addMember, freshName } from './owners.ts';

/** Stated here again by hand: fields that a caller may not see just because it reached the object. */
const guarded: readonly string[] = [
  'Delivery.attempts',
  'Delivery.blockedBy',
  'Delivery.history',
  'Delivery.replayOf',
  'Delivery.replays',
  'Endpoint.auditLog',
  'Endpoint.deliveries',
  'Endpoint.stats',
  'Event.deliveries',
];

type Path = readonly { type: GraphQLObjectType; field: string }[];

/** Every path from a root field, through types that it has not passed yet, to a field that leads to an object. */
function* pathsFrom(type: GraphQLObjectType, path: Path = []): Generator<Path> {
  for (const field of Object.values(type.getFields())) {
    const named = getNamedType(field.type);
    const next = isObjectType(named) ? [named] : isUnionType(named) ? named.getTypes() : [];
    for (const target of next) {
      const longer = [...path, { type, field: field.name }];
      yield longer;
      if (!longer.some((step) => step.type === target)) yield* pathsFrom(target, longer);
    }
  }
}

/** The path as a document. It asks only for the type at its end. */
function documentOf(path: Path): string {
  return path.reduceRight(
    (inner, { type, field }) =>
      type === schema.getMutationType()
        ? `mutation { ${field}(input: {}) { __typename ${inner} } }`
        : `... on ${type.name} { ${field} { __typename ${inner} } }`,
    '',
  );
}

const actorOf = (kind: Actor['kind'], held: readonly Permission[]): Actor => ({
  kind,
  actorId: 'somebody',
  label: 'Somebody',
  permissions: new Set(held),
  tenantId: kind === 'APP' ? undefined : '00000000-0000-7000-8000-000000000001',
  appId: kind === 'APP' ? '00000000-0000-7000-8000-000000000002' : undefined,
  verifiedEmail: undefined,
  expiresAt: undefined,
});

test('no mutation’s answer is a way around a permission, for any permission alone, along any path', () => {
  const root = schema.getMutationType();
  if (root == null) throw new Error('There are no mutations.');
  const actors = [
    ...(['API_KEY', 'USER', 'SERVICE', 'CONSOLE_LINK'] as const).flatMap((kind) =>
      permissions.map((permission) => actorOf(kind, [permission])),
    ),
    actorOf('APP', []),
  ];
  let walked = 0;
  for (const path of pathsFrom(root)) {
    const document = parse(documentOf(path));
    const [operation] = document.definitions;
    if (operation?.kind !== 'OperationDefinition') throw new Error('No operation.');
    expect(operation.operation).toBe(OperationTypeNode.MUTATION);
    const isGuarded = path.some(({ type, field }) => guarded.includes(`${type.name}.${field}`));
    for (const actor of actors) {
      const mayView =
        actor.kind === 'APP'
          ? appTokenPermissions.includes('VIEW_DELIVERIES')
          : actor.permissions.has('MANAGE_WEBHOOKS');
      // Nothing else of a context is read before anything is done.
      const context = { actor } as Context;
      const refusal = refuseEdge({ schema, document, operation, variables: {}, context });
      const which = `${actor.kind} ${[...actor.permissions]}: ${documentOf(path)}`;
      expect(refusal === undefined, which).toBe(!isGuarded || mayView);
      walked += 1;
    }
  }
  expect(walked).toBeGreaterThan(2_000);
});

let stage: Stage;
let credentials: Credentials;
beforeAll(async () => {
  stage = await openStage();
  credentials = await openCredentials(stage, await stage.startServer({ ROLE: 'api', ...secrets }));
});
afterAll(() => stage.close());

const publishAnd = (selection: string) => ({
  document: `mutation ($input: PublishEventsInput!) {
    publishEvents(input: $input) {
      ... on PublishEventsPayload { events { event { id payload ${selection} } } }
    }
  }`,
  variables: { input: { events: [{ type: 'order.paid', payload: { paid: true } }] } },
});

const countEvents = async () =>
  (await credentials.query<{ n: string }>('select count(*) as n from event'))[0]?.n;

test('whoever may only publish reads its event, and not where it went; the refused call publishes nothing', async () => {
  const { origin, key, user, service, link } = credentials;
  const history =
    'deliveries(first: 1) { nodes { endpoint { url deliveries(first: 1) { nodes { attempts { responseBody } } } } } }';
  for (const proof of await Promise.all([key, user, service, link].map((of) => of(['PUBLISH_EVENTS'])))) {
    const before = await countEvents();
    const refused = await ask(origin, proof, publishAnd(history));
    expect(refused.errors.map(({ extensions }) => extensions)).toMatchObject([
      { code: 'FORBIDDEN', permission: 'MANAGE_WEBHOOKS' },
    ]);
    expect(await countEvents()).toBe(before);
    const own = await ask(origin, proof, publishAnd('tenant { id }'));
    expect(own.errors).toEqual([]);
  }
  const both = await ask(origin, await key(['PUBLISH_EVENTS', 'MANAGE_WEBHOOKS']), publishAnd(history));
  expect(both.errors).toEqual([]);
});

test('a member who may change an app’s webhook, and not see its deliveries, gets no history with the answer', async () => {
  const { origin, app, person } = credentials;
  const made = await app();
  const member = async (held: readonly string[]) => {
    const email = `${freshName('member')}@ours.example`;
    const proof = await person(email);
    await addMember(credentials, made, { email, permissions: held, proof });
    return proof;
  };
  const testing = {
    document: `mutation ($id: ID!) {
      testEndpoint(input: { id: $id, eventType: "order.paid" }) {
        ... on TestEndpointPayload { delivery { id attempts { responseBody } } }
      }
    }`,
    variables: { id: await made.endpoint() },
  };
  const changer = await ask(origin, await member(['MANAGE_WEBHOOK']), testing);
  expect(changer.errors.map(({ extensions }) => extensions)).toMatchObject([
    { code: 'FORBIDDEN', appPermission: 'VIEW_DELIVERIES' },
  ]);
  const viewer = await ask(origin, await member(['MANAGE_WEBHOOK', 'VIEW_DELIVERIES']), testing);
  expect(viewer.errors).toEqual([]);
});

test('a user without a tenant publishes for nobody, whatever tenant the event names', async () => {
  const { origin, user, all } = credentials;
  const before = await countEvents();
  for (const tenant of ['ours', undefined]) {
    const { errors } = await ask(origin, await user(all, { tenant: undefined }), {
      document: 'mutation ($input: PublishEventsInput!) { publishEvents(input: $input) { __typename } }',
      variables: { input: { events: [{ type: 'order.paid', payload: {}, tenant }] } },
    });
    expect(errors.map(({ extensions }) => extensions?.code)).toEqual(['FORBIDDEN']);
  }
  expect(await countEvents()).toBe(before);
});
