import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type App, startApp } from '../../src/app.ts';
import { openDatabase } from '../../src/db/pool.ts';
import { advanceDue } from '../../src/internal/advance-due.ts';
import { applyAuthMessage } from '../../src/internal/apply-auth-message.ts';
import { drainQueue } from '../../src/internal/drain-queue.ts';
import { resetTenant } from '../../src/internal/reset-tenant.ts';
import { createJobs } from '../../src/jobs/jobs.ts';
import { dropExpired } from '../../src/jobs/retention.ts';
import { schema } from '../../src/schema.ts';
import { configWith, createIssuer, goodClaims } from '../access/issuer.ts';
import { send } from '../support/client.ts';
import { createEmptyClone, quietLogger } from '../support/database.ts';
import { startReceiver } from '../support/receiver.ts';
import { untilTrue } from '../support/worker.ts';
import { type Unscoped, unscopedUses } from './sql-scope.ts';

/**
 * The second barrier between owners. The first is that every finder needs the owner. This one watches all statements
 * that the program sends to PostgreSQL while it does everything that it can do. It fails for every statement on an
 * owned table that names no owner in its conditions, except those that are listed here with a reason.
 *
 * Why not row level security? It needs the owner to be set in each transaction: BEGIN, set_config, the statement,
 * COMMIT. Point reads over 8 connections to a server on the same host fell from 10,900 a second to 3,100, from 10,700
 * to 5,100 and from 17,400 to 5,900. Over a network, each of the three round trips would cost more. And the engine,
 * whose statements serve many owners, would have to be exempt from it, although a mistake would cost most there.
 */
const allowed: readonly { tables: readonly string[]; when: RegExp; why: string }[] = [
  {
    tables: ['due'],
    when: /\b(d|s|lane)\.shard\b|shard = any|\bshard = \$/,
    why: 'Discovery and claims go by the leased shard; what is claimed is settled by owner.',
  },
  {
    tables: ['endpoint'],
    when: /verification = 'pending'/,
    why: 'The rescue of handshakes whose process died looks at those of every owner.',
  },
  {
    tables: ['endpoint'],
    when: /removed_through is distinct from purged_through/,
    why: 'The background removal looks for what any owner has purged.',
  },
  {
    tables: ['api_key'],
    when: /token_hash =/,
    why: 'Authentication: the token tells whose key it is.',
  },
  {
    tables: ['audit_entry'],
    when: /action = 'api_key\.create'|action = \$\d+ and actor_id/,
    why: "A deleted user's keys, of whichever tenant; only the identity provider asks.",
  },
  {
    tables: ['alert_mail'],
    when: /next_at <= now\(\)/,
    why: 'Mails that were left behind are sent by whoever finds them, whose they are does not matter.',
  },
  {
    tables: ['replay_job', 'cancel_job'],
    when: /lease_until/,
    why: 'A runner takes whichever job is free.',
  },
  {
    tables: [
      ...['event_key', 'endpoint_stat', 'endpoint_latency', 'idempotency_key', 'signing_secret'],
      'replay_job',
      'cancel_job',
    ],
    when: /^delete .*(interval|to_timestamp|make_interval)/,
    why: 'Retention removes what is past its time, of every owner.',
  },
  {
    tables: ['due'],
    when: /^select exists \(select 1 from due where event_id <|^select distinct owner_id from due|^select \(select count/,
    why: 'Retention asks whether any row needs a partition; the test control looks at all tenants.',
  },
  {
    tables: ['endpoint_stat', 'endpoint_latency', 'delivery_log'],
    when: /group by owner_id|^select distinct date_trunc\('day'/,
    why: 'Rollups and floors: counted for every owner, by owner; which days are to be counted again.',
  },
];

const sent = new Map<string, string>();
const original = pg.Client.prototype.query;
let app: App;
let receiver: Awaited<ReturnType<typeof startReceiver>>;
let failing: Awaited<ReturnType<typeof startReceiver>>;
let database: ReturnType<typeof openDatabase>;
let dropClone: () => Promise<void>;
let dataDir: string;
let token: string;
let config: ReturnType<typeof configWith>;

beforeAll(async () => {
  pg.Client.prototype.query = function record(this: pg.Client, ...args: unknown[]) {
    const [first] = args;
    const text = typeof first === 'object' && first !== null && 'text' in first ? first.text : first;
    if (typeof text === 'string')
      sent.set(text.replace(/^-- \w+\n/, '').replace(/\s+/g, ' '), new Error('sent').stack ?? '');
    return Reflect.apply(original, this, args);
  } as typeof original;

  const clone = await createEmptyClone();
  dropClone = clone.drop;
  const issuer = await createIssuer();
  dataDir = mkdtempSync(join(tmpdir(), 'heliograph-scope-'));
  config = configWith({
    JWT_JWKS: issuer.jwks,
    DATA_DIR: dataDir,
    PORT: '0',
    EGRESS_ALLOW: '127.0.0.1/32',
    RETRY_SCHEDULE: '0,0.05',
    // Nobody listens there: what is looked at is that mails are looked for.
    SMTP_URL: 'smtp://127.0.0.1:9',
  });
  app = await startApp(config, {
    databaseUrl: clone.url,
    directUrl: clone.url,
    logger: quietLogger,
    isDemo: false,
  });
  database = openDatabase({
    url: clone.url,
    logger: quietLogger,
    prepared: false,
    engineConnections: 1,
    apiConnections: 2,
  });
  receiver = await startReceiver();
  failing = await startReceiver({ answer: (_request, response) => response.writeHead(500).end() });
  token = await issuer.sign(
    goodClaims({
      email: 'ann@example.com',
      email_verified: true,
      permissions: [
        'manage_webhooks',
        'publish_events',
        'manage_event_types',
        'manage_api_keys',
        'manage_apps',
        'read_audit_log',
        'manage_tenants',
      ],
    }),
  );
});

afterAll(async () => {
  pg.Client.prototype.query = original;
  await app.stop(1_000);
  await Promise.all([receiver.close(), failing.close()]);
  await database.close();
  await dropClone();
  rmSync(dataDir, { recursive: true, force: true });
});

type Data = Record<string, Record<string, unknown> | undefined>;

async function ask(query: string, variables: Record<string, unknown> = {}): Promise<Data> {
  const { body } = await send<Data>({ origin: app.origin, token }, query, variables);
  expect(body.errors).toBeUndefined();
  return body.data ?? {};
}

/** Runs a mutation if the schema has it, and returns the fields of its payload. */
async function act(name: string, input: object, fields: string): Promise<Record<string, never>> {
  const field = schema.getMutationType()?.getFields()[name];
  if (field === undefined) return {};
  const base = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  const payload = fields === '' ? '' : `... on ${payloadOf(String(field.type), base)} { ${fields} }`;
  const data = await ask(
    `mutation ($input: ${field.args[0]?.type}) { ${name}(input: $input) { __typename ${payload} ... on Error { message } } }`,
    { input },
  );
  // The delivery to be cancelled may have been sent by now.
  const ends = name === 'cancelDelivery' ? /Payload$|ConflictError/ : /Payload$/;
  expect(data[name]).toMatchObject({ __typename: expect.stringMatching(ends) });
  return Object(data[name]);
}

function payloadOf(type: string, base: string): string {
  const union = schema.getType(type.replace('!', ''));
  const members = union !== undefined && 'getTypes' in union ? union.getTypes() : [];
  return members.find(({ name }) => name.endsWith('Payload'))?.name ?? `${base}Payload`;
}

const idOf = (record: unknown): string => String(Object(record).id);

async function pages(endpointId: string): Promise<string[]> {
  const data = await ask(
    `query ($endpoint: ID!, $endpoints: [ID!]) {
       viewer { tenant { id } }
       endpoints(first: 5) { nodes {
         id signingSecrets { id } circuit { state } verification { status } auditLog(first: 2) { nodes { id } }
         owner { __typename }
       } }
       endpoint(id: $endpoint) { id }
       deliveries(first: 20) { nodes { id event { id } endpoint { id } attempts { id } } logPosition }
       filtered: deliveries(last: 5, filter: { status: [FAILED, DEAD_LETTER], endpointId: $endpoints }) { nodes { id } }
       deliveryCount { count }
       logHead logOldest
       events(first: 5) { nodes { id } }
       eventTypes { name }
       auditLog(first: 5) { nodes { id changes } }
       apiKeys(first: 5) { nodes { id } }
       tenants(first: 5) { nodes { id } }
     }`,
    { endpoint: endpointId, endpoints: [endpointId] },
  );
  const lists = ['deliveries', 'events', 'endpoints', 'auditLog', 'apiKeys'];
  return lists.flatMap((name) => (Object(data[name]).nodes as unknown[]).map(idOf));
}

async function everything(): Promise<void> {
  await act(
    'registerEventType',
    { name: 'order.paid', description: 'Paid.', dataType: 'Order', example: {} },
    '',
  );
  const { key } = await act(
    'createApiKey',
    { name: 'ci', permissions: ['MANAGE_WEBHOOKS'], idempotencyKey: 'k' },
    'key',
  );
  await send({ origin: app.origin, token: String(key) }, '{ viewer { kind } }');
  const endpoints = [];
  for (const { url } of [receiver, failing]) {
    const { endpoint } = await act('createEndpoint', { url, events: ['*'] }, 'endpoint { id }');
    endpoints.push(idOf(endpoint));
  }
  const [good = '', bad = ''] = endpoints;
  for (const id of endpoints) await act('verifyEndpoint', { id }, 'verified');
  const events = ['a', 'b', 'c'].map((idempotencyKey) => ({
    type: 'order.paid',
    payload: {},
    idempotencyKey,
  }));
  await act('publishEvents', { events }, 'events { deliveryCount }');
  await untilTrue(async () => {
    const { rows } = await database.api.query('select from due where owner_id = any(select id from tenant)');
    return rows.length === 0;
  });
  const seen = await pages(bad);
  await ask('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids: seen });
  const dead = await ask('{ deliveries(filter: { status: [DEAD_LETTER] }) { nodes { id } } }');
  const [first = ''] = (Object(dead.deliveries).nodes as unknown[]).map(idOf);
  await act('replayDelivery', { id: first }, 'delivery { id }');
  const { job } = await act('replayDeliveries', { filter: { status: ['DEAD_LETTER'] } }, 'job { id }');
  if (job !== undefined) await ask('query ($id: ID!) { replayJob(id: $id) { status } }', { id: idOf(job) });
  await act('cancelDeliveries', { filter: { endpointId: [bad] } }, 'job { id }');
  if (schema.getQueryType()?.getFields().deliveryStats !== undefined) await stats();
  const { delivery } = await act('testEndpoint', { id: good, eventType: 'order.paid' }, 'delivery { id }');
  if (delivery !== undefined) await act('cancelDelivery', { id: idOf(delivery) }, '');
  await act('updateEndpoint', { id: good, description: 'changed' }, 'endpoint { id }');
  await act('recoverEndpoint', { id: bad, since: '2026-01-01T00:00:00Z' }, 'missed');
  await act('pauseEndpoint', { id: bad }, '');
  await act('resumeEndpoint', { id: bad }, '');
  await act('rotateEndpointSecret', { id: good, idempotencyKey: 'rotated' }, 'secret');
  await follow();
  await act('purgeDeliveries', { endpointId: bad }, 'purgedCount');
  await act('updateEndpoint', { id: bad, isActive: false }, '');
  await act('deleteEndpoint', { id: bad }, '');
  await apps();
}

async function stats(): Promise<void> {
  const shown =
    'total succeeded failed inFlight successRate latencyP50 latencyP95 lastDeliveryAt lastSuccessAt lastFailureAt timeline { start succeeded failed inFlight }';
  await ask(`{ deliveryStats { ${shown} } endpoints { nodes { stats { ${shown} } } } }`);
}

/** Reads the log from its beginning over server-sent events, until something arrived. */
async function follow(): Promise<void> {
  const stop = new AbortController();
  const response = await fetch(`${app.origin}/graphql`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'text/event-stream',
    },
    body: JSON.stringify({
      query: 'subscription { deliveryLog(after: 0) { position changes { delivery { id } } } }',
    }),
    signal: stop.signal,
  });
  const reader = response.body?.getReader();
  let text = '';
  while (!text.includes('"position"')) {
    const { value, done } = (await reader?.read()) ?? { value: undefined, done: true };
    if (done) break;
    text += Buffer.from(value).toString();
  }
  stop.abort();
  expect(text).toContain('"position"');
}

async function apps(): Promise<void> {
  const { app: made } = await act('createApp', { name: 'Sheets', source: 'sheets.example' }, 'app { id }');
  if (made === undefined) return;
  const appId = idOf(made);
  await act(
    'publishAppVersion',
    { appId, version: '1', webhookCategories: ['order'], dataTypes: ['Order'] },
    '',
  );
  await act(
    'setAppWebhook',
    { appId, url: receiver.url, streams: ['INSTALLED_TENANT_EVENTS', 'LIFECYCLE'] },
    '',
  );
  await act('inviteAppMember', { appId, email: 'bob@example.com', permissions: ['VIEW_DELIVERIES'] }, '');
  await act('installApp', { appId, permissions: [] }, '');
  await act('publishEvents', { events: [{ type: 'order.paid', payload: {} }] }, '');
  await act('rotateAppWebhookSecret', { appId }, '');
  await act('removeAppWebhook', { appId }, '');
  await act('deleteApp', { id: appId }, '');
}

test('every statement on an owned table names its owner, or is in the list with a reason', async () => {
  await everything();
  const jobs = createJobs({ database, handshakes: { rescue: async () => 0 }, config });
  for (const job of jobs) await job.run();
  const tenant = await database.query.selectFrom('tenant').select('id').executeTakeFirstOrThrow();
  await advanceDue(database, undefined);
  await drainQueue(database, { ownerId: undefined, timeoutMs: 0 });
  await resetTenant(database, { ownerId: tenant.id, requestId: 'r' });
  const told = { type: 'user.deleted', data: { subject: 'user-1' } } as const;
  await database.query
    .transaction()
    .execute((trx) => applyAuthMessage(trx, { message: told, at: new Date(), requestId: 'r' }));
  await dropExpired(database, { retentionDays: 1, now: Date.now() + 30 * 86_400_000 });

  const used = new Set<string>();
  const isAllowed = ({ table, text }: Unscoped) => {
    const reason = allowed.find(({ tables, when }) => tables.includes(table) && when.test(text));
    if (reason !== undefined) used.add(reason.why);
    return reason !== undefined;
  };
  const findings = [...sent].flatMap(([text, stack]) =>
    unscopedUses(text)
      .filter((use) => !isAllowed(use))
      .map(({ table, text: statement }) => ({
        table,
        statement: statement.slice(0, 300),
        from: callerIn(stack),
      })),
  );
  expect(findings).toEqual([]);
  expect(allowed.map(({ why }) => why).filter((why) => !used.has(why))).toEqual([]);
  expect(
    [...sent.keys()].filter((text) => /\b(delivery|due|endpoint|event)\b/.test(text)).length,
  ).toBeGreaterThan(50);
});

const callerIn = (stack: string) =>
  stack
    .split('\n')
    .filter((line) => line.includes('/src/') && !line.includes('/src/db/'))
    .slice(0, 2)
    .map((line) => line.trim());

test('the watch itself: it sees what names no owner, however it is written', () => {
  const tablesIn = (sql: string) => unscopedUses(sql).map(({ table }) => table);
  expect(tablesIn('select * from delivery where id = $1')).toEqual(['delivery']);
  expect(tablesIn('select "id" from "delivery" where "id" = $1 and "owner_id" = $2')).toEqual([]);
  expect(tablesIn('select owner_id from endpoint where id = $1')).toEqual(['endpoint']);
  expect(
    tablesIn('select * from delivery d join event e on e.id = d.event_id where d.owner_id = $1'),
  ).toEqual(['event']);
  expect(tablesIn('delete from event_key where key = $1')).toEqual(['event_key']);
  expect(
    tablesIn('delete from t where (owner_id, id) in (select owner_id, id from attempt limit 1)'),
  ).toEqual([]);
  expect(tablesIn('insert into endpoint (id) values ($1)')).toEqual(['endpoint']);
  expect(tablesIn('insert into endpoint (owner_id, id) values ($1, $2)')).toEqual([]);
  expect(tablesIn('with due as (select 1) select * from due')).toEqual([]);
  expect(tablesIn('select * from api_key where id = $1')).toEqual(['api_key']);
});
