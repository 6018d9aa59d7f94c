import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mintUuid } from '../../src/ids.ts';
import { apply } from '../../src/status/apply.ts';
import type { AttemptRecord, Change } from '../../src/status/change.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { claimAll, seedDeliveries, seedOwner } from '../support/deliveries.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

/** Any sequence of UTF-16 units: NUL, control characters, halves of surrogate pairs, texts that look like an escape. */
const unit = fc.oneof(
  fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
  fc.constantFrom(
    '\0',
    '\ud800',
    '\udfff',
    '\ufffe',
    '\\',
    '"',
    '\\u0000',
    '{',
    '\u2028',
    '\ufeff',
    "'",
    '\n',
  ),
);
const text = fc.array(unit, { maxLength: 60 }).map((units) => units.join(''));
/** As long as the stored part of a body, or as all headers together. */
const longText = fc.tuple(text, fc.integer({ min: 1, max: 16_384 })).map(([part, length]) => {
  const whole = part === '' ? 'x' : part;
  return whole.repeat(Math.ceil(length / whole.length)).slice(0, length);
});
const anyText = fc.oneof({ weight: 9, arbitrary: text }, { weight: 1, arbitrary: longText });
const headers = fc.array(fc.record({ name: anyText, value: anyText }), { maxLength: 5 });

const answer: fc.Arbitrary<AttemptRecord> = fc.record({
  outcome: fc.constantFrom('HTTP_STATUS', 'TIMEOUT', 'INVALID_RESPONSE'),
  counts: fc.constant(true),
  startedAt: fc.constant(new Date()),
  durationMs: fc.option(
    fc.oneof(fc.integer({ min: 0, max: 1e9 }), fc.double({ min: 1e-9, max: 1e9, noNaN: true })),
    {
      nil: undefined,
    },
  ),
  responseStatus: fc.option(fc.integer({ min: 0, max: 999 }), { nil: undefined }),
  responseBody: fc.option(anyText, { nil: undefined }),
  responseHeaders: fc.option(headers, { nil: undefined }),
  requestHeaders: fc.option(headers, { nil: undefined }),
  error: fc.option(anyText, { nil: undefined }),
});

const deadLetter = { kind: 'end', status: 'DEAD_LETTER', reason: 'RETRIES_EXHAUSTED' } as const;
/** First attempts that succeed have a statement of their own. */
const success = (attempt: AttemptRecord) =>
  ({
    to: { kind: 'end', status: 'SUCCEEDED', reason: undefined },
    attempt: { ...attempt, outcome: 'SUCCEEDED', error: undefined },
  }) as const;

test('whatever a receiver answers, PostgreSQL takes it: no delivery hangs on an answer', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(answer, { minLength: 1, maxLength: 40 }),
      fc.boolean(),
      async (answers, succeed) => {
        const { ownerId, endpointIds } = await seedOwner(db.database);
        const deliveries = await seedDeliveries(db.database, ownerId, endpointIds[0] ?? '', answers.length);
        await claimAll(db.database, ownerId, 7);
        const changes = answers.map(
          (attempt, index): Change => ({
            ownerId,
            deliveryId: deliveries[index]?.id ?? mintUuid(),
            claim: 7,
            attemptRows: 0,
            ...(succeed ? success(attempt) : { to: deadLetter, attempt }),
          }),
        );
        expect(await apply(db.database, changes)).toHaveLength(answers.length);
      },
    ),
    { numRuns: 60 },
  );
});
