import { setTimeout as delay } from 'node:timers/promises';
import type { Fault, Scene } from './fault.ts';
import { floodEndpoint } from './flood.ts';
import { answers, type Behaviour, neverAnswers } from './ledger.ts';
import { within } from './site.ts';
import { type Endpoint, removeEndpoint } from './traffic.ts';

/** Receivers that are down, give false answers, ask for delays, or answer 410. */
export const receiverDown: Fault = {
  name: 'receiver down for 3 s',
  mayDuplicate: false,
  async act({ site, traffic }) {
    const tenant = await traffic.addTenant();
    const reset: Behaviour = (_request, response) => {
      response.destroy();
      return { status: undefined, isProcessed: false };
    };
    const endpoint = await traffic.addEndpoint(tenant, reset);
    await traffic.publish(tenant, 15);
    await delay(3_000);
    site.ledger.behave(endpoint.place, (_request, response) => {
      response.writeHead(204).end();
      return { status: 204, isProcessed: true };
    });
  },
};

export const processesThenResets: Fault = {
  name: 'receiver that processes, then resets',
  mayDuplicate: true,
  async act({ traffic }) {
    const tenant = await traffic.addTenant();
    await traffic.addEndpoint(tenant, ({ seenBefore }, response) => {
      if (seenBefore > 0) {
        response.writeHead(204).end();
        return { status: 204, isProcessed: true };
      }
      response.destroy();
      return { status: undefined, isProcessed: true };
    });
    await traffic.publish(tenant, 10);
    await delay(1_500);
  },
};

/** Each value, and by about how many seconds it delays the next attempt. */
const patience: readonly { value: () => string; seconds: readonly [number, number] }[] = [
  { value: () => '0', seconds: [0, 1] },
  { value: () => '120', seconds: [115, 125] },
  { value: () => new Date(Date.now() + 60_000).toUTCString(), seconds: [55, 65] },
  { value: () => '1000000000000000000', seconds: [86_390, 86_410] },
  { value: () => '1e18', seconds: [0, 1] },
  { value: () => 'soon; -1 \u00ff', seconds: [0, 1] },
];

export const retryAfter: Fault = {
  name: '429 with Retry-After 0, 120, a date, 10^18, 1e18 and junk',
  mayDuplicate: false,
  async act(scene) {
    const { site, traffic, blame } = scene;
    for (const { value, seconds } of patience) {
      const header = value();
      const tenant = await traffic.addTenant();
      const endpoint = await traffic.addEndpoint(tenant, ({ seenBefore }, response) => {
        const status = seenBefore === 0 ? 429 : 204;
        response.writeHead(status, status === 429 ? { 'retry-after': header } : {}).end();
        return { status, isProcessed: status === 204 };
      });
      await traffic.publish(tenant, 1);
      await within(5_000, () => site.ledger.entriesOf(endpoint.place).length > 0);
      const state = async () => {
        const [row] = await site.sql<{ status: string; in_seconds: number | null }>(
          `select status, extract(epoch from next_attempt_at - now())::float8 as in_seconds
             from delivery where endpoint_id = $1`,
          [endpoint.uuid],
        );
        return row;
      };
      const [least, most] = seconds;
      const isSoon = most <= 1;
      const isRight = await within(5_000, async () => {
        const row = await state();
        if (isSoon) return row?.status === 'SUCCEEDED';
        return row?.status === 'RETRYING' && (row.in_seconds ?? 0) > least && (row.in_seconds ?? 0) < most;
      });
      if (!isRight) blame(`Retry-After ${header}: ${JSON.stringify(await state())}`);
      if (!isSoon) await removeEndpoint(scene, tenant, endpoint);
    }
  },
};

export const gone: Fault = {
  name: '410',
  mayDuplicate: false,
  async act({ site, traffic, blame }) {
    const tenant = await traffic.addTenant();
    const endpoint = await traffic.addEndpoint(tenant, answers(410));
    await traffic.publish(tenant, 50);
    const isGone = await within(10_000, async () => {
      const [row] = await site.sql<{ disabled_reason: string | null }>(
        'select disabled_reason from endpoint where id = $1',
        [endpoint.uuid],
      );
      return row?.disabled_reason === 'GONE';
    });
    if (!isGone) blame('a 410 did not disable the endpoint');
    await traffic.publish(tenant, 2);
    await expectOnly(site, { endpoint, status: 'FAILED', reason: 'ENDPOINT_GONE', blame });
  },
};

export const alwaysFails: Fault = {
  name: '500 always',
  mayDuplicate: false,
  async act({ site, traffic, blame }) {
    const tenant = await traffic.addTenant();
    const endpoint = await traffic.addEndpoint(tenant, answers(500));
    // One event, because its ten attempts stay below the twenty failures that open the circuit.
    await traffic.publish(tenant, 1);
    await expectOnly(site, { endpoint, status: 'DEAD_LETTER', reason: 'RETRIES_EXHAUSTED', blame });
    const tries = site.ledger.entriesOf(endpoint.place).length;
    if (tries !== 10) blame(`${tries} attempts instead of 10`);
  },
};

/** Answers that try to break the program that records them. */
const odd: readonly Behaviour[] = [
  (_request, response) => {
    response.writeHead(500, { 'content-type': 'text/\u00ff' });
    response.end(Buffer.from([0, 1, 2, 0xed, 0xa0, 0x80, 0xff, 0xfe, 0]));
    return { status: 500, isProcessed: false };
  },
  (_request, response) => {
    response.writeHead(418, { 'retry-after': '-'.repeat(8_000), 'x-odd': '\u00e9'.repeat(4_000) });
    response.end('{"\\u0000":"\\ud800"}'.repeat(500));
    return { status: 418, isProcessed: false };
  },
  (_request, response) => {
    response.socket?.end('HTTP/1.1 999 \u0000\r\nx: \u0000\r\n\r\n\u0000');
    return { status: undefined, isProcessed: false };
  },
  (_request, response) => {
    response.socket?.end('\u0000\u0000\u0000\u0000\r\n\r\n');
    return { status: undefined, isProcessed: false };
  },
];

export const poison: Fault = {
  name: 'answers, and a secret, that throw in the worker',
  mayDuplicate: false,
  async act(scene) {
    const { site, traffic, blame } = scene;
    for (const behaviour of odd) {
      const tenant = await traffic.addTenant();
      const endpoint = await traffic.addEndpoint(tenant, ({ seenBefore, eventId }, response) => {
        if (seenBefore < 2) return behaviour({ seenBefore, eventId }, response);
        response.writeHead(204).end();
        return { status: 204, isProcessed: true };
      });
      await traffic.publish(tenant, 3);
      await expectOnly(site, { endpoint, status: 'SUCCEEDED', reason: null, blame });
    }
    // A sealed secret that can no longer be opened must not delay anybody else.
    const tenant = await traffic.addTenant();
    const broken = await traffic.addEndpoint(tenant);
    const sound = await traffic.addEndpoint(tenant);
    await site.sql(`update signing_secret set sealed = '\\x00' where endpoint_id = $1`, [broken.uuid]);
    await traffic.publish(tenant, 10);
    await expectOnly(site, { endpoint: sound, status: 'SUCCEEDED', reason: null, blame });
    await removeEndpoint(scene, tenant, broken);
  },
};

const floodSize = 100_000;
const fastMs = 1_000;

export const deadEndpoint: Fault = {
  name: 'one dead endpoint with 100,000 queued, others stay fast',
  mayDuplicate: false,
  async act(scene) {
    const { site, traffic, blame } = scene;
    const tenant = await traffic.addTenant();
    const dead = await traffic.addEndpoint(tenant, neverAnswers);
    await floodEndpoint(site, { tenant: tenant.name, endpointId: dead.uuid, count: floodSize });
    await delay(1_000);
    const since = Date.now();
    await delay(8_000);
    for (const other of traffic.tenants.filter((one) => one !== tenant)) {
      const latencies = traffic.latenciesSince(since, other);
      const p99 = latencies[Math.floor(latencies.length * 0.99)] ?? Number.POSITIVE_INFINITY;
      if (p99 > fastMs) blame(`another tenant's p99 was ${p99} ms over ${latencies.length} deliveries`);
    }
    await removeEndpoint(scene, tenant, dead);
  },
};

/** Waits until all deliveries of the endpoint have ended as they must. */
export async function expectOnly(
  site: Scene['site'],
  expected: { endpoint: Endpoint; status: string; reason: string | null; blame: Scene['blame'] },
): Promise<void> {
  const { endpoint, status, reason, blame } = expected;
  let seen: readonly object[] = [];
  const isSo = await within(40_000, async () => {
    seen = await site.sql<{ status: string; failure_reason: string | null }>(
      'select distinct status, failure_reason from delivery where endpoint_id = $1',
      [endpoint.uuid],
    );
    return JSON.stringify(seen) === JSON.stringify([{ status, failure_reason: reason }]);
  });
  if (!isSo) blame(`deliveries are ${JSON.stringify(seen)} instead of ${status} ${reason}`);
}
