import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  ask,
  type Caller,
  createEndpoint,
  type EventToPublish,
  publish,
  publishDocument,
  registerEventType,
  send,
} from '../support/client.ts';
import { DnsServer } from '../support/dns-server.ts';
import { followOverWebSocket, isTerminal } from '../support/follower.ts';
import type { Receiver } from '../support/receiver.ts';
import { failToStart } from '../support/server-process.ts';
import { openStage, type Stage } from '../support/stage.ts';

const KiB = 1_024;
const maxPayloadBytes = 256 * KiB;

/** `permissive` may send only to 127.0.0.1; `strict` may not send to any private address. */
let permissive: { stage: Stage; caller: Caller };
let strict: { stage: Stage; caller: Caller };
let receiver: Receiver;
let dns: DnsServer;

beforeAll(async () => {
  dns = await DnsServer.start({
    'loopback.example': { a: ['127.0.0.1'] },
    'private.example': { a: ['10.0.0.7'] },
    'private6.example': { aaaa: ['fd00::7'] },
    'metadata.example': { a: ['169.254.169.254'] },
  });
  [permissive, strict] = await Promise.all([
    open({ DNS_SERVERS: dns.address }),
    open({ DNS_SERVERS: dns.address, EGRESS_ALLOW: '', REQUIRE_VERIFICATION: 'false' }),
  ]);
  receiver = await permissive.stage.startReceiver();
});
afterAll(async () => {
  await permissive?.stage.close();
  await strict?.stage.close();
  await dns?.close();
});

describe('configuration', () => {
  test('a value that is not understood stops the start, and every such variable is named', async () => {
    const wrong = {
      PORT: '70000',
      ROLE: 'everything',
      DATABASE_URL: 'mysql://127.0.0.1/x',
      RETRY_SCHEDULE: 'soon',
      EGRESS_ALLOW: '10.0.0.1',
      REQUIRE_VERIFICATION: 'yes',
      DELIVERY_TIMEOUT_MS: '15s',
      JWT_JWKS: 'not json',
      SECRETS_KEYS: 'short:AAAA',
      DNS_SERVERS: '999.1.1.1:53',
      ALLOWED_ORIGINS: 'https://app.example.com/',
      LOG_LEVEL: 'loud',
      NODE_ENV: 'staging',
    };
    const { code, output } = await failToStart(wrong);
    expect(code).toBe(1);
    for (const name of Object.keys(wrong)) expect(output).toContain(`${name} must `);
    expect(output).not.toContain('ready');
    expect(output.trim().split('\n')).toHaveLength(1);
  });

  test('values that contradict each other stop the start too', async () => {
    const { code, output } = await failToStart({
      ...permissive.stage.environment,
      RETRY_SCHEDULE: '0,864000',
      RETENTION_DAYS: '7',
    });
    expect({ code, output: output.trim() }).toEqual({
      code: 1,
      output: 'Configuration: RETENTION_DAYS must be at least 20, twice the length of RETRY_SCHEDULE.',
    });
  });

  test.each([
    [
      'a database that is not there',
      { DATABASE_URL: 'postgres://me:canary@127.0.0.1:1/x' },
      /^The database cannot be used: connect ECONNREFUSED 127\.0\.0\.1:1\. See DATABASE_URL/,
    ],
    ['an address of another machine', { HOST: '192.0.2.1' }, /^listen EADDRNOTAVAIL.*: see HOST and PORT\.$/],
    ['a host without an address', { HOST: 'host.invalid' }, /^getaddrinfo .*: see HOST and PORT\.$/],
    ['a port that is taken', { PORT: '' }, /^listen EADDRINUSE.*: the port is in use already\. Set PORT/],
  ])('%s stops the start with a sentence', async (_what, changed, sentence) => {
    const taken = new URL(permissive.caller.origin).port;
    const { code, output } = await failToStart({
      ...permissive.stage.environment,
      ...changed,
      ...('PORT' in changed ? { PORT: taken } : {}),
    });
    const last = output.trim().split('\n').at(-1);
    expect({ code, last }).toEqual({ code: 1, last: expect.stringMatching(sentence) });
    expect(output).not.toContain('canary');
  });
});

describe('events', () => {
  const good: EventToPublish = { type: 'order.paid', payload: { order: { id: 1, total: 5 } } };
  const textOf = (bytes: number) => `{"text":"${'x'.repeat(bytes - '{"text":""}'.length)}"}`;

  test.each<[string, EventToPublish, [code: string, ...path: string[]][]]>([
    ['an unknown type', { ...good, type: 'order.lost' }, [['UNKNOWN_EVENT_TYPE', 'type']]],
    ['a type of the platform', { ...good, type: 'endpoint.disabled' }, [['RESERVED_EVENT_TYPE', 'type']]],
    ['no payload', { type: 'order.paid' }, [['REQUIRED', 'payload']]],
    ['both payloads', { ...good, payloadText: '{}' }, [['BOTH_PAYLOADS', 'payload']]],
    ['text that is not JSON', { type: 'note', payloadText: '{"a":' }, [['INVALID_JSON', 'payloadText']]],
    [
      'a text with a name that stands twice',
      { type: 'note', payloadText: '{"list":[{"amount":1,"\\u0061mount":2}]}' },
      [['REPEATED_NAME', 'payloadText']],
    ],
    [
      'an unsafe integer',
      { type: 'note', payload: { list: [{ id: 2 ** 53 }] } },
      [['UNSAFE_INTEGER', 'payload', 'list', '0', 'id']],
    ],
    [
      'a payload of 257 KiB',
      { type: 'note', payload: JSON.parse(textOf(257 * KiB)) },
      [['TOO_LARGE', 'payload']],
    ],
    ['a text of 257 KiB', { type: 'note', payloadText: textOf(257 * KiB) }, [['TOO_LARGE', 'payloadText']]],
    [
      'a payload that breaks its schema in two places, of which the first is told',
      { type: 'order.paid', payload: { order: { total: 'much' } } },
      [['SCHEMA_MISMATCH', 'payload', 'order', 'id']],
    ],
    [
      'a text that breaks its schema',
      { type: 'order.paid', payloadText: '{"order":{"id":1,"total":5,"tip":1}}' },
      [['SCHEMA_MISMATCH', 'payloadText', 'order', 'tip']],
    ],
    ['another tenant', { ...good, tenant: 'globex' }, [['FOREIGN_TENANT', 'tenant']]],
    ['a key that is no key', { ...good, idempotencyKey: 'naïve' }, [['INVALID_KEY', 'idempotencyKey']]],
  ])('%s among good ones: a ValidationError with the path of each issue', async (_what, bad, issues) => {
    const result = await refused([good, bad, good]);
    expect(result).toMatchObject({ __typename: 'ValidationError', code: 'VALIDATION_FAILED' });
    expect(result.issues?.map(({ code, path }) => [code, ...path]).sort()).toEqual(
      issues.map(([code, ...path]) => [code, 'events', '1', ...path]),
    );
    for (const { message } of result.issues ?? []) expect(message).toMatch(/^[A-Z`].*\.$/);
  });

  // The second is parsed as Infinity, which JSON cannot express.
  test.each(['12345678901234567890', '1e400'])(
    'an unsafe integer that stands in the document itself: the same (%s)',
    async (digits) => {
      const { body } = await send<{ publishEvents: Refused }>(
        permissive.caller,
        `mutation { publishEvents(input: { events: [{ type: "note", payload: { id: ${digits} } }] }) {
         ... on ValidationError { issues { code path } }
       } }`,
      );
      expect(body.data?.publishEvents.issues).toEqual([
        { code: 'UNSAFE_INTEGER', path: ['events', '0', 'payload', 'id'] },
      ]);
    },
  );

  test('1,001 events: a LimitExceededError that tells the limit', async () => {
    const result = await refused(Array.from({ length: 1_001 }, () => good));
    expect(result).toMatchObject({ __typename: 'LimitExceededError', code: 'LIMIT_EXCEEDED', limit: 1_000 });
  });

  test('no event at all: a ValidationError', async () => {
    expect((await refused([])).issues).toMatchObject([{ code: 'EMPTY', path: ['events'] }]);
  });

  test.each([
    ['with its length declared', (text: string) => ({ body: text })],
    ['in pieces', (text: string) => ({ body: new Blob([text]).stream(), duplex: 'half' as const })],
  ])('a body of 5 MB, %s: 413 and PAYLOAD_TOO_LARGE', async (_how, init) => {
    const variables = { events: [{ type: 'note', payloadText: textOf(5_000_000) }] };
    const response = await fetch(`${permissive.caller.origin}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${permissive.caller.token}` },
      ...init(JSON.stringify({ query: publishDocument, variables })),
    });
    const { errors } = JSON.parse(await response.text());
    expect([response.status, errors]).toMatchObject([413, [{ extensions: { code: 'PAYLOAD_TOO_LARGE' } }]]);
  });

  test('nothing of all this was stored', async () => {
    expect(await storedBy(permissive.caller)).toEqual({ events: { nodes: [] }, logHead: 0 });
  });

  test('the limits themselves are allowed: 256 KiB, 1,000 events, the largest safe integer', async () => {
    const caller = { ...permissive.caller, token: await permissive.stage.issuer.sign({ tenant: 'globex' }) };
    const notes = Array.from({ length: 999 }, () => ({ type: 'note', payload: Number.MAX_SAFE_INTEGER }));
    const largest = { type: 'note', payloadText: textOf(maxPayloadBytes) };
    expect(await publish(caller, [largest, ...notes])).toHaveLength(1_000);
  });
});

describe('endpoints', () => {
  test.each([
    'not a url',
    '',
    'ftp://hooks.example/x',
    'javascript:alert(1)',
    'https://',
    'https://user:secret@hooks.example/x',
    'https://hooks.example/x#part',
    'https://hooks.example/a b',
  ])('the URL %j is refused', async (url) => {
    expect(await creating(permissive.caller, { url, events: ['*'] })).toMatchObject({
      __typename: 'ValidationError',
      issues: [{ code: 'INVALID_URL', path: ['url'] }],
    });
  });

  test('an event type that is not there is refused with its place', async () => {
    const events = ['order.paid', 'order.lost', 'nothing.*'];
    expect(await creating(permissive.caller, { url: receiver.url, events })).toMatchObject({
      __typename: 'ValidationError',
      issues: [
        { code: 'UNKNOWN_EVENT_TYPE', path: ['events', '1'] },
        { code: 'UNKNOWN_EVENT_TYPE', path: ['events', '2'] },
      ],
    });
  });

  test.each([
    'http://127.0.0.2/',
    'http://2130706434/',
    'http://0x7f.2/',
    'http://0.0.0.0/',
    'http://10.0.0.1/',
    'http://172.16.0.1/',
    'http://192.168.1.1/',
    'http://100.64.0.1/',
    'http://169.254.169.254/latest/meta-data/',
    'http://[::1]/',
    'http://[fd00:ec2::254]/',
    'http://[fe80::1]/',
    'http://[::ffff:10.0.0.1]/',
    'http://[64:ff9b::a00:1]/',
  ])('the address of %s is refused, also beside an allowed one', async (url) => {
    for (const { caller } of [permissive, strict]) {
      expect(await creating(caller, { url, events: ['*'] })).toMatchObject({
        issues: [{ code: 'BLOCKED_ADDRESS', path: ['url'] }],
      });
    }
  });

  test.each(['http://127.0.0.1/', 'http://localhost/', 'http://a.localhost/', 'http://2130706433/'])(
    '%s is refused unless EGRESS_ALLOW covers it',
    async (url) => {
      expect(await creating(strict.caller, { url, events: ['*'] })).toMatchObject({
        issues: [{ code: 'BLOCKED_ADDRESS', path: ['url'] }],
      });
    },
  );

  test('nothing of all this was stored', async () => {
    for (const { caller } of [permissive, strict]) {
      expect(await ask(caller, '{ endpoints { nodes { id } } }')).toEqual({ endpoints: { nodes: [] } });
    }
  });

  test.each(['loopback.example', 'private.example', 'private6.example', 'metadata.example'])(
    'a name that leads to a blocked address is never connected to: %s',
    async (host) => {
      const tenant = host.replace('.example', '');
      const caller = { ...strict.caller, token: await strict.stage.issuer.sign({ tenant }) };
      const url = new URL(receiver.url);
      url.hostname = host;
      const created = await creating(caller, { url: url.href, events: ['*'] });
      expect(created.__typename).toBe('CreateEndpointPayload');
      expect(await verifying(caller, created.endpoint?.id)).toMatchObject({ verified: false });

      const follower = await followOverWebSocket(caller, 0);
      await publish(caller, [{ type: 'note', payload: {} }]);
      await follower.until((changes) => isTerminal(changes.at(-1)?.status ?? ''));
      await follower.stop();
      expect(follower.changes.at(-1)).toMatchObject({ status: 'FAILED', failureReason: 'BLOCKED_ADDRESS' });
      expect(dns.asked).toContain(`A ${host}`);
      expect([...receiver.handshakes, ...receiver.received]).toEqual([]);
    },
  );

  test('a name that leads to an address that EGRESS_ALLOW covers is sent to', async () => {
    const url = new URL(receiver.url);
    url.hostname = 'loopback.example';
    await createEndpoint(permissive.caller, { url: url.href, events: ['note'] });
    await publish(permissive.caller, [{ type: 'note', payload: {} }]);
    await receiver.until(1);
    expect(receiver.received[0]?.headers.host).toBe(url.host);
  });
});

type Refused = {
  __typename: string;
  code: string;
  limit?: number;
  issues?: { code: string; path: string[]; message: string }[];
};

async function open(environment: Record<string, string>): Promise<{ stage: Stage; caller: Caller }> {
  const stage = await openStage();
  const caller = await stage.callerOf(await stage.startServer(environment));
  await registerEventType(caller, { name: 'note', example: {} });
  const order = {
    type: 'object',
    required: ['id', 'total'],
    properties: { id: { type: 'integer' }, total: { type: 'number' } },
    additionalProperties: false,
  };
  await registerEventType(caller, {
    name: 'order.paid',
    schema: { type: 'object', required: ['order'], properties: { order } },
    example: { order: { id: 1, total: 1 } },
  });
  return { stage, caller };
}

async function refused(events: readonly EventToPublish[]): Promise<Refused> {
  const { publishEvents } = await ask<{ publishEvents: Refused }>(permissive.caller, publishDocument, {
    events,
  });
  return publishEvents;
}

function storedBy(caller: Caller): Promise<unknown> {
  return ask(caller, '{ events { nodes { id } } logHead }');
}

async function creating(
  caller: Caller,
  input: { url: string; events: readonly string[] },
): Promise<{ __typename: string; endpoint?: { id: string }; issues?: unknown }> {
  const { createEndpoint: result } = await ask<{ createEndpoint: { __typename: string } }>(
    caller,
    `mutation ($input: CreateEndpointInput!) {
       createEndpoint(input: $input) {
         __typename
         ... on CreateEndpointPayload { endpoint { id } }
         ... on ValidationError { issues { code path } }
       }
     }`,
    { input },
  );
  return result;
}

async function verifying(caller: Caller, id: string | undefined): Promise<unknown> {
  const { verifyEndpoint } = await ask<{ verifyEndpoint: unknown }>(
    caller,
    `mutation ($id: ID!) {
       verifyEndpoint(input: { id: $id }) { ... on VerifyEndpointPayload { verified reason } }
     }`,
    { id },
  );
  return verifyEndpoint;
}
