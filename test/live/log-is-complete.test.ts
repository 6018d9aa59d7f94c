import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Hints } from '../../src/db/listen.ts';
import { Hub } from '../../src/live/hub.ts';
import { type LogBatch, readHead, readPage } from '../../src/live/read-log.ts';
import type { LogSubscription } from '../../src/live/subscription.ts';
import { createTestDatabase, quietLogger, type TestDatabase } from '../support/database.ts';
import { append, createOwner } from './append-log.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

const statuses = ['PENDING', 'SUCCEEDED', 'FAILED'] as const;

type Step =
  | { act: 'append'; statuses: readonly string[]; rollback: boolean; concurrently: boolean; hint: boolean }
  | { act: 'subscribe'; where: 'head' | 'start' | 'middle'; only: string | undefined }
  | { act: 'read'; who: number; maxBatch: number }
  | { act: 'reconnect'; who: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      act: fc.constant('append' as const),
      statuses: fc.array(fc.constantFrom(...statuses), { minLength: 1, maxLength: 12 }),
      rollback: fc.boolean(),
      concurrently: fc.boolean(),
      hint: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      act: fc.constant('subscribe' as const),
      where: fc.constantFrom('head' as const, 'start' as const, 'middle' as const),
      only: fc.option(fc.constantFrom(...statuses), { nil: undefined }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      act: fc.constant('read' as const),
      who: fc.nat(20),
      maxBatch: fc.integer({ min: 1, max: 9 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('reconnect' as const), who: fc.nat(20) }) },
);

/** One client: what it asked for, and everything that it received. */
type Client = {
  ownerId: string;
  only: string | undefined;
  origin: number;
  position: number;
  seen: number[];
  subscription: LogSubscription;
};

function take(client: Client, batch: LogBatch | undefined): void {
  if (batch === undefined) throw new Error('The subscription has ended.');
  expect(batch.after).toBe(client.position);
  expect(batch.head).toBeGreaterThanOrEqual(batch.position);
  for (const change of batch.changes) {
    expect(change.position).toBeGreaterThan(batch.after);
    expect(change.position).toBeLessThanOrEqual(batch.position);
  }
  client.position = batch.position;
  client.seen.push(...batch.changes.map(({ position }) => position));
}

test('each change arrives exactly once and in order, whatever happens between', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      let hear: (words: readonly string[]) => void = () => undefined;
      const hints: Pick<Hints, 'subscribe' | 'onConnect'> = {
        subscribe: (listener) => {
          hear = listener;
        },
        onConnect: () => undefined,
      };
      const hub = new Hub({ database: db.database, hints, logger: quietLogger, ringSize: 8, pollMs: 15 });
      hub.start();
      const ownerId = await createOwner(db.database.api);
      const clients: Client[] = [];
      const writers: Promise<unknown>[] = [];
      const open = (after: number | undefined, only: string | undefined) =>
        hub.subscribe({ ownerId, after, ...(only && { filter: ({ status }) => status === only }) });

      for (const now of steps) {
        if (now.act === 'append') {
          const appended = append(
            db.database.engine,
            ownerId,
            now.statuses.map((status) => ({ status })),
            { rollback: now.rollback },
          ).then(() => now.hint && hear([ownerId]));
          writers.push(appended);
          if (!now.concurrently) await appended;
        } else if (now.act === 'subscribe') {
          const { head } = await readHead(db.database, ownerId);
          const after = { head: undefined, start: 0, middle: Math.floor(head / 2) }[now.where];
          const subscription = open(after, now.only);
          const client = {
            ownerId,
            only: now.only,
            origin: after ?? 0,
            position: after ?? 0,
            seen: [],
            subscription,
          };
          clients.push(client);
          if (after === undefined) {
            const first = await subscription.next({ maxBatch: 1, heartbeatMs: 0 });
            expect(first?.after).toBeGreaterThanOrEqual(head);
            client.origin = client.position = first?.after ?? 0;
            take(client, first);
          }
        } else {
          const client = clients[now.who % Math.max(1, clients.length)];
          if (client === undefined) continue;
          if (now.act === 'read') {
            take(client, await client.subscription.next({ maxBatch: now.maxBatch, heartbeatMs: 3 }));
          } else {
            client.subscription.return();
            client.subscription = open(client.position, client.only);
          }
        }
      }

      await Promise.all(writers);
      const { head } = await readHead(db.database, ownerId);
      const log = await readPage(db.database, ownerId, {
        point: { position: 0, since: undefined },
        limit: 10_000,
      });
      for (const client of clients) {
        while (client.position < head) {
          take(client, await client.subscription.next({ maxBatch: 5, heartbeatMs: 20 }));
        }
        const expected = log.changes.filter(
          ({ position, status }) =>
            position > client.origin && (client.only === undefined || status === client.only),
        );
        expect(client.seen).toEqual(expected.map(({ position }) => position));
      }
      await hub.stop();
      expect(hub.size).toEqual({ subscriptions: 0, owners: 0 });
    }),
    { numRuns: 60 },
  );
});
