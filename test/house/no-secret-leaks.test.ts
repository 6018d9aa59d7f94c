import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, type Caller, registerEventType, send } from '../support/client.ts';
import type { Receiver } from '../support/receiver.ts';
import { failToStart, type ServerProcess } from '../support/server-process.ts';
import { openStage, type Stage } from '../support/stage.ts';

/**
 * Seeds secrets, lets the program work with them at LOG_LEVEL=debug, successfully and not, and then searches
 * everything that it leaves: each column of each table, its output, its refusals.
 */
let stage: Stage;
let server: ServerProcess;
let receiver: Receiver;
let db: pg.Client;
const ringKey = randomBytes(32);
/** The texts that must not be found anywhere, by name. */
const canaries = new Map<string, string>();
/** The answers of calls that must not show a secret. */
const answers: string[] = [];

beforeAll(async () => {
  stage = await openStage();
  canaries.set('key ring', ringKey.toString('base64'));
  server = await stage.startServer({
    SECRETS_KEYS: `canary:${ringKey.toString('base64')}`,
    LOG_LEVEL: 'debug',
    REQUIRE_VERIFICATION: 'false',
    RETRY_SCHEDULE: '0,0',
  });
  receiver = await stage.startReceiver({
    answer: (_request, response, index) => response.writeHead(index === 0 ? 204 : 500).end('no'),
  });
  db = new pg.Client({ connectionString: stage.environment.DATABASE_URL });
  await db.connect();
});
afterAll(async () => {
  await db?.end();
  await stage?.close();
});

/** An answer that is kept for the search. Calls that show a secret once are not kept. */
async function refusedOrPlain(caller: Partial<Caller>, query: string, variables = {}) {
  const answer = await send({ origin: server.origin, token: caller.token }, query, variables);
  answers.push(JSON.stringify([answer.body, [...answer.headers]]));
  return answer;
}

type Shown = Record<
  string,
  { __typename: string; secret?: string; key?: string; url?: string; endpoint?: { id: string } }
>;

const createEndpoint = `mutation ($input: CreateEndpointInput!) {
  result: createEndpoint(input: $input) {
    __typename ... on CreateEndpointPayload { secret endpoint { id } } ... on Error { message }
    ... on ValidationError { issues { path code message } } } }`;
const rotate = `mutation ($input: RotateEndpointSecretInput!) {
  result: rotateEndpointSecret(input: $input) {
    __typename ... on RotateEndpointSecretPayload { secret endpoint { id } } ... on Error { message } } }`;
const createApiKey = `mutation ($input: CreateApiKeyInput!) {
  result: createApiKey(input: $input) { __typename ... on CreateApiKeyPayload { key } ... on Error { message } } }`;
const createLink = `mutation ($input: CreateConsoleLinkInput!) {
  result: createConsoleLink(input: $input) { __typename ... on CreateConsoleLinkPayload { url } ... on Error { message } } }`;

async function shown(caller: Caller, query: string, input: Record<string, unknown>) {
  const { result } = await ask<Shown>(caller, query, { input });
  if (result === undefined) throw new Error('no result');
  return result;
}

function seed(name: string, secret: string | undefined): string {
  if (secret === undefined) throw new Error(`no ${name} was shown`);
  canaries.set(name, secret);
  return secret;
}

test('the program works with its secrets, well and badly', async () => {
  const admin = await stage.callerOf(server);
  seed('JWT', admin.token);
  await registerEventType(admin, { name: 'canary.sang', example: { note: 'tweet' } });

  const keyInput = {
    name: 'a key',
    permissions: ['MANAGE_WEBHOOKS', 'PUBLISH_EVENTS'],
    idempotencyKey: 'key-1',
  };
  const key = seed('API key', (await shown(admin, createApiKey, keyInput)).key);
  const byKey: Caller = { origin: server.origin, token: key };

  const linkInput = { permissions: ['MANAGE_WEBHOOKS'], idempotencyKey: 'link-1' };
  const { url = '' } = await shown(byKey, createLink, linkInput);
  expect((await shown(byKey, createLink, linkInput)).url).toBe(url);
  const link = seed('console link', new URL(url).hash.slice('#token='.length));
  await refusedOrPlain({ token: link }, '{ viewer { kind label actorId } }');
  await refusedOrPlain({ token: `${link}x` }, '{ viewer { label } }');
  await refusedOrPlain(byKey, createLink, { input: { ...linkInput, path: 'elsewhere' } });

  const input = { url: receiver.url, events: ['*'], idempotencyKey: 'endpoint-1' };
  const made = await shown(byKey, createEndpoint, input);
  const first = seed('first signing secret', made.secret);
  expect((await shown(byKey, createEndpoint, input)).secret).toBe(first);
  await refusedOrPlain(byKey, createEndpoint, { input: { ...input, description: 'another input' } });

  const id = made.endpoint?.id ?? '';
  const rotation = { id, idempotencyKey: 'rotation-1' };
  seed('second signing secret', (await shown(byKey, rotate, rotation)).secret);
  await refusedOrPlain(byKey, createEndpoint, { input });

  const publish = `mutation ($input: PublishEventsInput!) {
    publishEvents(input: $input) { __typename ... on Error { message } } }`;
  for (const note of ['one', 'two']) {
    const event = { type: 'canary.sang', payload: { note } };
    await refusedOrPlain(byKey, publish, { input: { events: [event] } });
  }
  // One delivery that succeeds, and one that fails twice.
  await receiver.until(3);
  for (const [index, { headers }] of receiver.received.entries()) {
    seed(`signature ${index}`, headers['webhook-signature']);
  }

  for (const query of [
    '{ viewer { label actorId } apiKeys { nodes { id name prefix lastFour } } }',
    '{ endpoints { nodes { id url signingSecrets { id } auditLog { nodes { action changes } } } } }',
    '{ deliveries { nodes { status attempts { error requestHeaders { name value } responseBody } } } }',
    '{ auditLog { nodes { action changes actor { label } } } }',
  ]) {
    expect((await refusedOrPlain(admin, query)).status).toBe(200);
  }

  // Credentials that are almost valid, or valid but without the permission.
  for (const token of [`${key}x`, key.slice(0, -1), `${admin.token}x`, `Bearer ${key}`, key.toUpperCase()]) {
    expect((await refusedOrPlain({ token }, '{ viewer { label } }')).status).toBe(401);
  }
  const expired = seed('expired JWT', await stage.issuer.sign({ exp: 1_000_000_000 }));
  await refusedOrPlain({ token: expired }, '{ viewer { label } }');
  const powerless = seed('powerless JWT', await stage.issuer.sign({ permissions: [] }));
  await refusedOrPlain({ token: powerless }, rotate, { input: { id } });
  await refusedOrPlain(byKey, createApiKey, { input: { ...keyInput, name: 'not allowed' } });

  // Errors of every kind: in the document, in the input, and internal ones.
  await refusedOrPlain(admin, '{ viewer {');
  await refusedOrPlain(admin, '{ nothing }');
  await refusedOrPlain(admin, createEndpoint, { input: { url: 'not a url', events: [] } });
  const password = seed('password in a URL', randomBytes(12).toString('hex'));
  const withPassword = { url: `http://user:${password}@127.0.0.1:9/`, events: ['*'] };
  await refusedOrPlain(admin, createEndpoint, { input: withPassword });
  await db.query('alter table signing_secret rename to signing_secret_away');
  const broken = await refusedOrPlain(admin, rotate, { input: { id, idempotencyKey: 'rotation-2' } });
  expect(broken.body.errors?.[0]?.extensions.code).toBe('INTERNAL');
  await db.query('alter table signing_secret_away rename to signing_secret');
});

test('no column of any table holds one of them', async () => {
  const { rows: tables } = await db.query<{ name: string }>(
    "select tablename as name from pg_tables where schemaname = 'public'",
  );
  expect(tables.length).toBeGreaterThan(20);
  let searched = 0;
  for (const { name } of tables) {
    const { rows } = await db.query<{ text: string }>(`select t::text as text from "${name}" t`);
    searched += rows.length;
    expect(found(rows.map(({ text }) => text).join('\n')), name).toEqual([]);
  }
  expect(searched).toBeGreaterThan(40);
});

test('no line of the log holds one of them', async () => {
  expect(server.log.map(({ level }) => level)).toContain('error');
  await server.stop();
  expect(found(server.output())).toEqual([]);
});

test('no answer but the one that is meant to holds one of them', () => {
  expect(answers.length).toBeGreaterThan(15);
  for (const answer of answers) expect(found(answer), answer).toEqual([]);
});

test('a key ring that is refused is not printed', async () => {
  const [whole, short] = [ringKey.toString('base64'), ringKey.subarray(0, 24).toString('base64')];
  const rings = [whole, `id:${short}`, `${whole}:id`, `a:${whole},a:${whole}`];
  const ends = await Promise.all(
    rings.map((ring) => failToStart({ ...stage.environment, SECRETS_KEYS: ring })),
  );
  for (const { code, output } of ends) {
    expect(code).not.toBe(0);
    expect(found(output)).toEqual([]);
    expect(output).not.toContain(short);
  }
});

test('the search finds what it is to find', () => {
  for (const [name, secret] of canaries) {
    const hex = Buffer.from(secret.replace(/^whsec_/, ''), 'base64').toString('hex');
    expect(found(`a line with ${secret} in it`)).toContain(name);
    if (secret.startsWith('whsec_')) expect(found(`(1,"\\\\x${hex}")`)).toContain(name);
  }
});

/** The names of the secrets that the text contains: as they are, in other encodings, or without their prefix. */
function found(text: string): string[] {
  const lower = text.toLowerCase();
  return [...canaries].flatMap(([name, secret]) => {
    const bare = secret.replace(/^(whsec_|hgk_|hgc_|v1,)/, '');
    const bytes = Buffer.from(bare, 'base64');
    const forms = [
      secret,
      bare,
      Buffer.from(secret).toString('base64').replace(/=+$/, ''),
      Buffer.from(secret).toString('base64url'),
    ];
    const hexForms = [
      Buffer.from(bare).toString('hex'),
      ...(bytes.length >= 16 ? [bytes.toString('hex')] : []),
    ];
    const stands = forms.some((form) => text.includes(form)) || hexForms.some((form) => lower.includes(form));
    return stands ? [name] : [];
  });
}
