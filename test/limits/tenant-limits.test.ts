import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, type Caller, createEndpoint, publish, registerEventType } from '../support/client.ts';
import { readMetric } from '../support/metrics.ts';
import { openStage, type Stage } from '../support/stage.ts';

// A tenant reaches each limit through the API while another one works.

const most = 3;

let stage: Stage;
let busy: Caller;
let calm: Caller;
let url: string;
beforeAll(async () => {
  stage = await openStage();
  const server = await stage.startServer({
    MAX_ENDPOINTS_PER_TENANT: String(most),
    MAX_API_KEYS_PER_TENANT: String(most),
    MAX_APPS_PER_TENANT: String(most),
    MAX_EVENT_TYPES: '4',
    MAX_PENDING_DELIVERIES_PER_TENANT: '12',
    MAX_BULK_JOBS_PER_TENANT: String(most),
  });
  busy = await stage.callerOf(server, { tenant: 'busy' });
  calm = await stage.callerOf(server, { tenant: 'calm' });
  const receiver = await stage.startReceiver();
  url = receiver.url;
  await registerEventType(busy, { name: 'order.paid', example: {} });
});
afterAll(() => stage?.close());

/** Each limited thing: what creates one, and what stays of it in the metrics. */
const acts: readonly {
  what: string;
  limit: number;
  create: (caller: Caller, n: number) => Promise<Result>;
}[] = [
  {
    what: 'endpoints',
    limit: most,
    create: (caller) =>
      act(caller, 'createEndpoint', 'CreateEndpointInput', { url, events: ['order.paid'], isActive: false }),
  },
  {
    what: 'api_keys',
    limit: most,
    create: (caller, n) =>
      act(caller, 'createApiKey', 'CreateApiKeyInput', {
        name: `key ${n}`,
        permissions: ['MANAGE_WEBHOOKS'],
      }),
  },
  {
    what: 'apps',
    limit: most,
    create: (caller, n) =>
      act(caller, 'createApp', 'CreateAppInput', {
        name: `app ${n}`,
        source: `${n}.${caller === busy ? 'busy' : 'calm'}.example`,
        ownerEmail: 'ann@example.com',
      }),
  },
  {
    what: 'bulk_replays',
    limit: most,
    create: (caller) => act(caller, 'replayDeliveries', 'ReplayDeliveriesInput', { filter: {} }),
  },
  {
    what: 'bulk_cancels',
    limit: most,
    create: (caller) => act(caller, 'cancelDeliveries', 'CancelDeliveriesInput', { filter: {} }),
  },
];

test.each(acts)(
  '$what: as many as the limit says, however many are asked for at once',
  async ({ what, limit, create }) => {
    await holdingJobs(async () => {
      const before = await readRefusals(what);
      const results = await Promise.all(Array.from({ length: limit + 4 }, (_, n) => create(busy, n)));
      const refused = results.filter(({ code }) => code === 'LIMIT_EXCEEDED');
      expect(results.filter(({ code }) => code === undefined)).toHaveLength(limit);
      expect(refused).toHaveLength(4);
      for (const { limit: told, message } of refused) {
        expect(told).toBe(limit);
        expect(message).toMatch(new RegExp(`^There can be at most ${limit} .*\\. (Delete|Revoke|Wait)`));
      }
      expect(await readRefusals(what)).toBe(before + 4);
      // The other tenant has its own number.
      expect(await create(calm, 1)).not.toHaveProperty('code');
    });
  },
);

test('event types: the catalogue has as many as it may have beside the platform’s own', async () => {
  const register = (n: number) =>
    act(busy, 'registerEventType', 'RegisterEventTypeInput', {
      ...{ name: `made.n${n}`, description: 'Made.', dataType: 'Thing', example: {} },
    });
  const results = await Promise.all(Array.from({ length: 6 }, (_, n) => register(n)));
  // One was registered before.
  expect(results.filter(({ code }) => code === undefined)).toHaveLength(3);
  expect(results.filter(({ code }) => code === 'LIMIT_EXCEEDED')).toHaveLength(3);
  expect(await readRefusals('event_types')).toBe(3);
});

test('a tenant whose every limit is reached, and whose calls wait, holds up nobody', async () => {
  expect(await fillBusy()).toBe(12);
  await createEndpoint(calm, { url, events: ['order.paid'] });
  const holder = new pg.Client({ connectionString: stage.environment.DATABASE_URL });
  await holder.connect();
  try {
    // Whoever holds these makes every creation of the busy tenant wait, and all that it publishes.
    await holder.query('begin');
    await holder.query(
      `select pg_advisory_xact_lock(lock, hashtext(t.id::text))
         from tenant t, generate_series(7203116, 7203122) as lock where t.external_id = 'busy'`,
    );
    let waiting = 0;
    const held = Promise.all(
      acts.flatMap(({ create }) =>
        Array.from({ length: 3 }, async (_, n) => {
          waiting += 1;
          const result = await create(busy, 10 + n);
          waiting -= 1;
          return result;
        }),
      ),
    );
    const refused = await act(busy, 'publishEvents', 'PublishEventsInput', oneEvent);
    expect(refused).toMatchObject({ code: 'LIMIT_EXCEEDED', limit: 12 });
    // Meanwhile the other tenant creates and publishes as usual.
    await publish(calm, [{ type: 'order.paid', payload: {} }]);
    for (const { create } of acts) await create(calm, 20);
    expect(waiting).toBe(acts.length * 3);
    await holder.query('commit');
    const codes = (await held).map(({ code }) => code);
    expect(codes.filter((code) => code === 'LIMIT_EXCEEDED').length).toBeGreaterThanOrEqual(9);
  } finally {
    await holder.end();
  }
});

const oneEvent = { events: [{ type: 'order.paid', payload: {} }] };

/** Replaces an endpoint of the busy tenant by one that is paused, and publishes as much as fits. */
async function fillBusy(): Promise<number> {
  const { endpoints } = await ask<{ endpoints: { nodes: { id: string }[] } }>(
    busy,
    '{ endpoints { nodes { id } } }',
  );
  await act(busy, 'deleteEndpoint', 'DeleteEndpointInput', { id: endpoints.nodes[0]?.id });
  const { id } = await createEndpoint(busy, { url, events: ['order.paid'] });
  await act(busy, 'pauseEndpoint', 'PauseEndpointInput', { id });
  let deliveries = 0;
  while ((await act(busy, 'publishEvents', 'PublishEventsInput', oneEvent)).code === undefined)
    deliveries += 1;
  return deliveries;
}

type Result = { code?: string; limit?: number; message?: string };

async function act(caller: Caller, field: string, type: string, input: object): Promise<Result> {
  const data = await ask<Record<string, Result>>(
    caller,
    `mutation ($input: ${type}!) {
       ${field}(input: $input) { ... on Error { code message } ${/^(create|register|replay|cancel|publish)/.test(field) ? '... on LimitExceededError { limit }' : ''} } }`,
    { input },
  );
  return data[field] ?? {};
}

/** While it runs, a job that was asked for stays as it is, because nobody can take it. */
async function holdingJobs(run: () => Promise<void>): Promise<void> {
  const holder = new pg.Client({ connectionString: stage.environment.DATABASE_URL });
  await holder.connect();
  try {
    await holder.query(
      `create or replace function hold_job() returns trigger language plpgsql as
         $$ begin new.lease_until = now() + interval '1 hour'; return new; end $$;
       create or replace trigger hold_job before insert on replay_job for each row execute function hold_job();
       create or replace trigger hold_job before insert on cancel_job for each row execute function hold_job();`,
    );
    await run();
    await holder.query(
      `drop trigger hold_job on replay_job; update replay_job set lease_until = now();
       drop trigger hold_job on cancel_job; update cancel_job set lease_until = now();`,
    );
  } finally {
    await holder.end();
  }
}

async function readRefusals(what: string): Promise<number> {
  return await readMetric(busy, `heliograph_limit_refusals_total{what="${what}"}`);
}
