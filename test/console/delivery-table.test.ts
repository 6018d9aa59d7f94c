import { expect, test } from 'vitest';
import {
  addPage,
  applyChanges,
  expectPage,
  type Row,
  startTable,
} from '../../src/console/live/delivery-table.ts';

const begin = Date.parse('2026-03-01T00:00:00Z');
/** Made in the order of their numbers, three in each millisecond. */
const row = (n: number): Row => ({
  id: `dlv_${String(n).padStart(8, '0')}`,
  status: 'SUCCEEDED',
  failureReason: null,
  eventType: 'order.created',
  kind: 'EVENT',
  createdAt: new Date(begin + Math.floor(n / 3)).toISOString(),
  completedAt: null,
  nextAttemptAt: null,
  attemptCount: 1,
  maxAttempts: 2,
  endpoint: { id: 'ep_1', url: 'https://example.com' },
});
const change = (n: number) => ({ position: n, deliveryId: row(n).id, delivery: row(n) });
const pageOf = (rows: readonly Row[], logPosition: number, endCursor?: string) => ({
  nodes: rows,
  logPosition,
  pageInfo: { hasNextPage: endCursor !== undefined, endCursor },
});

test('where rows come without end the oldest are let go, and are read again by their time without a gap', () => {
  const total = 6_400;
  let table = startTable(pageOf([], 0), undefined);
  for (let n = 1; n <= total; n += 100) {
    const batch = Array.from({ length: 100 }, (_, index) => change(n + index));
    table = applyChanges(table, batch, n + 99);
  }
  expect(table.rows.length).toBeLessThanOrEqual(6_000);
  const last = table.rows.at(-1);
  const number = Number(last?.id.slice(4));
  const { next } = table;
  expect(next).toEqual({
    after: undefined,
    createdBefore: new Date(begin + Math.floor(number / 3) + 1).toISOString(),
  });

  // What the API would answer for that time, the rows of the same millisecond among them.
  const all = Array.from({ length: total }, (_, index) => row(total - index));
  const older = all.filter(({ createdAt }) => createdAt < (next?.createdBefore ?? ''));
  const page = pageOf(older.slice(0, 100), total, 'cursor');
  const more = addPage(expectPage(table), page);
  expect(more.rows).toEqual(all.filter(({ id }) => id >= (page.nodes.at(-1)?.id ?? '')));
  expect(more.next).toEqual({ after: 'cursor', createdBefore: next?.createdBefore });
});

test('it remembers only what a page knows ahead of the log, and drops those changes', () => {
  const ahead = startTable(pageOf([{ ...row(1), status: 'SUCCEEDED' }], 9), undefined);
  const late = { position: 5, deliveryId: row(1).id, delivery: { ...row(1), status: 'PENDING' as const } };
  // The page stands at 9, so the log begins there; what was kept of a page that came later may be older.
  const applied = applyChanges({ ...ahead, position: 4 }, [late], 5);
  expect(applied.rows[0]?.status).toBe('SUCCEEDED');
  expect(applied.seen.size).toBe(1);
  expect(applyChanges(applied, [], 9).seen.size).toBe(0);
});
