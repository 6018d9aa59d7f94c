import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  encodeCursor,
  type MoreRows,
  type PageArgs,
  type PageRange,
  pageRange,
  readPage,
} from '../../src/db/keyset.ts';

const of = { kind: 'Endpoint' } as const;
const uuid = (n: number) => `00000000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;

/** The order of SQL: newest first, between exclusive bounds; backward from the oldest. */
const readFrom = (rows: readonly string[]) => async (range: PageRange) => {
  const within = rows.filter(
    (id) =>
      (range.after === undefined || id < range.after) && (range.before === undefined || id > range.before),
  );
  return (range.backward ? [...within].reverse() : within).slice(0, range.limit);
};

const answer = async (more: MoreRows) => (typeof more === 'function' ? more() : more);

async function pageOf(rows: readonly string[], args: PageArgs) {
  const page = await readPage(pageRange(args, of), readFrom(rows));
  return {
    rows: page.rows,
    hasNextPage: await answer(page.hasNextPage),
    hasPreviousPage: await answer(page.hasPreviousPage),
  };
}

test('page information is true of every page between any two cursors, also those of rows that are gone', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.integer({ min: 1, max: 20 }), { maxLength: 12 }),
      fc.option(fc.integer({ min: 0, max: 21 })),
      fc.option(fc.integer({ min: 0, max: 21 })),
      fc.integer({ min: 0, max: 6 }),
      fc.boolean(),
      async (numbers, after, before, size, isForward) => {
        const rows = [...numbers].sort((a, b) => b - a).map(uuid);
        const args = {
          ...(isForward ? { first: size } : { last: size }),
          ...(after === null ? {} : { after: encodeCursor(of, uuid(after)) }),
          ...(before === null ? {} : { before: encodeCursor(of, uuid(before)) }),
        };
        const page = await pageOf(rows, args);
        const within = rows.filter(
          (id) => (after === null || id < uuid(after)) && (before === null || id > uuid(before)),
        );
        const shown = isForward ? within.slice(0, size) : within.slice(Math.max(0, within.length - size));
        expect(page.rows).toEqual(shown);
        // What lies beyond the page: what was cut off, and what lies beyond the cursors, theirs included.
        const cutOff = within.length - shown.length > 0;
        const older = before !== null && rows.some((id) => id <= uuid(before));
        const newer = after !== null && rows.some((id) => id >= uuid(after));
        expect(page.hasNextPage).toBe((isForward && cutOff) || older);
        expect(page.hasPreviousPage).toBe((!isForward && cutOff) || newer);
      },
    ),
    { numRuns: 1_000 },
  );
});
