import { randomBytes } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { databaseNow, setClockOffset } from '../../src/clock.ts';
import { attempt } from '../../src/engine/attempt.ts';
import type { ClaimedRow } from '../../src/engine/claim.ts';
import { mintUuid } from '../../src/ids.ts';
import { makeSender } from '../egress/make-sender.ts';
import { startReceiver } from '../support/receiver.ts';

afterEach(() => setClockOffset(0));

const hourMs = 3_600_000;

test("an attempt is signed for the database's time, however wrong this host's clock is", async () => {
  const receiver = await startReceiver();
  await using sender = makeSender();
  setClockOffset(-hourMs);
  const outcome = await attempt(sender, rowTo(receiver.url), {
    body: '{}',
    keys: [randomBytes(24)],
    startedAt: new Date(databaseNow()),
    timeoutMs: 2_000,
    signal: new AbortController().signal,
  });
  const wanted = Date.now() - hourMs;
  const signedAt = Number(receiver.received[0]?.headers['webhook-timestamp']) * 1000;
  expect(Math.abs(signedAt - wanted)).toBeLessThan(5_000);
  expect(Math.abs(outcome.startedAt.getTime() - wanted)).toBeLessThan(5_000);
  await receiver.close();
});

test('an attempt is signed for the moment at which it is sent, which may be long after it began', async () => {
  const receiver = await startReceiver();
  await using sender = makeSender();
  const began = attempt(sender, rowTo(receiver.url), {
    body: '{}',
    keys: [randomBytes(24)],
    startedAt: new Date(databaseNow()),
    timeoutMs: 20_000,
    signal: new AbortController().signal,
  });
  // While it connects.
  setClockOffset(hourMs);
  const { outcome, startedAt } = await began;
  expect(outcome).toBe('SUCCEEDED');
  const signedAt = Number(receiver.received[0]?.headers['webhook-timestamp']) * 1000;
  expect(signedAt - startedAt.getTime()).toBeGreaterThan(hourMs - 2_000);
  await receiver.close();
});

test('an attempt that cannot connect has no headers, because nothing was sent', async () => {
  const receiver = await startReceiver();
  await receiver.close();
  await using sender = makeSender();
  const { outcome, requestHeaders } = await attempt(sender, rowTo(receiver.url), {
    body: '{}',
    keys: [randomBytes(24)],
    startedAt: new Date(databaseNow()),
    timeoutMs: 20_000,
    signal: new AbortController().signal,
  });
  expect({ outcome, requestHeaders }).toEqual({ outcome: 'CONNECTION_FAILED', requestHeaders: undefined });
});

test('nothing is sent unsigned', async () => {
  const receiver = await startReceiver();
  await using sender = makeSender();
  const outcome = await attempt(sender, rowTo(receiver.url), {
    body: '{}',
    keys: [],
    startedAt: new Date(),
    timeoutMs: 2_000,
    signal: new AbortController().signal,
  });
  expect(outcome.outcome).toBe('CONNECTION_FAILED');
  expect(receiver.received).toHaveLength(0);
  await receiver.close();
});

const rowTo = (url: string): ClaimedRow => ({
  owner_id: mintUuid(),
  delivery_id: mintUuid(),
  shard: 0,
  endpoint_id: mintUuid(),
  event_id: mintUuid(),
  due_at: new Date(),
  status: 'PENDING',
  attempt_count: 0,
  attempt_rows: 0,
  max_attempts: 1,
  kind: 'EVENT',
  claim: 1,
  stale_claim: null,
  stale_at: null,
  url,
  is_active: true,
  disabled_reason: null,
  verification: 'VERIFIED',
  purged_through: null,
  max_deliveries_per_second: null,
  sending: null,
  is_suspended: false,
  is_strict: false,
  is_revoked: false,
});
