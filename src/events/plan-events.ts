import { databaseNow } from '../clock.ts';
import type { Database } from '../db/pool.ts';
import { retrying } from '../db/retry.ts';
import { IdempotencyError } from '../errors.ts';
import { mintUuid } from '../ids.ts';
import type { CheckedEvent } from './check-events.ts';
import { type KeyedEvent, keyOf, releaseEventKeys, takeEventKeys } from './event-keys.ts';
import type { Event } from './find-event.ts';

/** An event that is about to be stored. */
export type PlannedEvent = {
  checked: CheckedEvent;
  id: string;
  occurredAt: Date;
  isStored: boolean;
};

type Call = Readonly<{ events: readonly CheckedEvent[]; reject: (error: unknown) => void }>;

const retries = 6;

/**
 * Gives every event of some calls its id: a new one, or the id of its key. A call whose key was used for another
 * input is refused here and is not among the results.
 */
export async function planEvents<C extends Call>(
  db: Database,
  batch: readonly C[],
): Promise<Map<C, PlannedEvent[]>> {
  const first = new Map<string, PlannedEvent>();
  const plans = new Map<C, PlannedEvent[]>();
  for (const call of batch) {
    const planned: PlannedEvent[] = [];
    for (const checked of call.events) {
      const key = placeOf(checked);
      const before = key === undefined ? undefined : first.get(key);
      const event: PlannedEvent =
        before === undefined
          ? {
              checked,
              id: mintUuid(),
              occurredAt: checked.occurredAt ?? new Date(databaseNow()),
              isStored: false,
            }
          : { ...before, checked };
      if (key !== undefined && before === undefined) first.set(key, event);
      planned.push(event);
    }
    plans.set(call, planned);
  }
  if (first.size === 0) return plans;

  const keyed = [...first.values()].map(keyedEvent);
  const known = await retrying(() => takeEventKeys(db, keyed), { attempts: retries });
  const ids = new Map(
    keyed.map((event) => [keyOf(event), { id: event.eventId, hash: event.inputHash, isStored: false }]),
  );
  for (const [key, row] of known)
    ids.set(key, { id: row.event_id, hash: row.input_hash, isStored: row.is_stored });
  for (const [call, planned] of plans) {
    const reused = planned.find(({ checked }) => {
      const key = placeOf(checked);
      const held = key === undefined ? undefined : ids.get(key)?.hash;
      return held !== undefined && !held.equals(checked.inputHash) && !held.equals(checked.spelledHash);
    });
    if (reused !== undefined) {
      plans.delete(call);
      call.reject(new IdempotencyError('IDEMPOTENCY_KEY_REUSED', reused.checked.idempotencyKey ?? ''));
      continue;
    }
    for (const event of planned) {
      const key = placeOf(event.checked);
      const holder = key === undefined ? undefined : ids.get(key);
      if (key === undefined || holder === undefined) continue;
      event.id = holder.id;
      event.isStored = holder.isStored;
    }
  }
  // Keys that only refused calls had taken.
  const used = new Set([...plans.values()].flat().map(({ id }) => id));
  const unused = keyed.filter(({ eventId }) => !used.has(eventId));
  if (unused.length > 0) await releaseEventKeys(db, unused);
  return plans;
}

const placeOf = (checked: CheckedEvent): string | undefined =>
  checked.idempotencyKey === undefined
    ? undefined
    : keyOf({ ownerId: checked.tenantId, key: checked.idempotencyKey });

const keyedEvent = ({ checked, id }: PlannedEvent): KeyedEvent => ({
  ownerId: checked.tenantId,
  key: checked.idempotencyKey ?? '',
  eventId: id,
  inputHash: checked.inputHash,
});

/** The event as it is stored. */
export const eventOf = (event: PlannedEvent | undefined): Event | undefined =>
  event && {
    owner_id: event.checked.tenantId,
    id: event.id,
    type: event.checked.type.name,
    tenant_id: event.checked.tenantId,
    idempotency_key: event.checked.idempotencyKey ?? null,
    occurred_at: event.occurredAt,
  };
