import type { Database } from '../db/pool.ts';
import { run, statement } from '../db/statement.ts';

/**
 * The idempotency keys of published events. A key's row fixes the id of its event before the event is stored, in its
 * own transaction, so that nobody ever waits for another call's open key. If the process dies between the two, a key
 * without an event remains. The next caller with the key stores the event under the same id, and if two do so at once
 * it is stored once.
 */
export type KeyedEvent = Readonly<{ ownerId: string; key: string; eventId: string; inputHash: Buffer }>;

export type KnownKey = {
  owner_id: string;
  key: string;
  event_id: string;
  input_hash: Buffer;
  is_stored: boolean;
};

/**
 * After this time the first caller gives up a key without an event that was taken for another input. It is far longer
 * than storing takes.
 */
const abandonedAfterSeconds = 600;

const claimStatement = statement(
  'claim_event_keys',
  `insert into event_key as k (owner_id, key, event_id, input_hash)
   select * from unnest($1::uuid[], $2::text[], $3::uuid[], $4::bytea[])
   on conflict (owner_id, key) do update
     set event_id = excluded.event_id, input_hash = excluded.input_hash, created_at = now()
   where k.created_at < now() - interval '24 hours'
      or (k.input_hash <> excluded.input_hash
        and k.created_at < now() - ${abandonedAfterSeconds} * interval '1 second'
        and not exists (select from event e where e.owner_id = k.owner_id and e.id = k.event_id))
   returning event_id`,
  { owners: [[1, 2, 3, 4]], returns: 'event_id uuid' },
);

const readStatement = statement(
  'read_event_keys',
  `select k.owner_id, k.key, k.event_id, k.input_hash,
          exists (select from event e where e.owner_id = k.owner_id and e.id = k.event_id) as is_stored
     from unnest($1::uuid[], $2::text[]) as x(owner_id, key)
     join event_key k on k.owner_id = x.owner_id and k.key = x.key`,
  {
    owners: [[1, 2]],
    returns: 'owner_id uuid, key text, event_id uuid, input_hash bytea, is_stored boolean',
  },
);

/**
 * Takes the keys that are free, and returns those that others hold, by `owner/key`. Keys are taken in order, so that
 * two batches cannot deadlock. The keys of others are read by a second statement, because the first would not see a
 * row that was committed while it waited.
 */
export async function takeEventKeys(
  db: Database,
  events: readonly KeyedEvent[],
): Promise<Map<string, KnownKey>> {
  const sorted = [...events].sort((a, b) => compare(keyOf(a), keyOf(b)));
  const taken = new Set(
    (
      await run<{ event_id: string }>(db, db.engine, claimStatement, [
        sorted.map(({ ownerId }) => ownerId),
        sorted.map(({ key }) => key),
        sorted.map(({ eventId }) => eventId),
        sorted.map(({ inputHash }) => inputHash),
      ])
    ).map((row) => row.event_id),
  );
  const lost = sorted.filter(({ eventId }) => !taken.has(eventId));
  if (lost.length === 0) return new Map();
  const known = await run<KnownKey>(db, db.engine, readStatement, [
    lost.map(({ ownerId }) => ownerId),
    lost.map(({ key }) => key),
  ]);
  const found = new Map(known.map((row) => [`${row.owner_id}/${row.key}`, row]));
  // Between the two statements a key may have expired.
  const gone = lost.filter((event) => !found.has(keyOf(event)));
  return gone.length === 0 ? found : new Map([...found, ...(await takeEventKeys(db, gone))]);
}

export const keyOf = ({ ownerId, key }: Pick<KeyedEvent, 'ownerId' | 'key'>): string => `${ownerId}/${key}`;

const releaseStatement = statement(
  'release_event_keys',
  `update event_key k set created_at = k.created_at - ${abandonedAfterSeconds} * interval '1 second'
     from unnest($1::uuid[], $2::text[], $3::uuid[]) as x(owner_id, key, event_id)
    where k.owner_id = x.owner_id and k.key = x.key and k.event_id = x.event_id
      and not exists (select from event e where e.owner_id = k.owner_id and e.id = k.event_id)`,
  { owners: [[1, 2, 3]], returns: '' },
);

/**
 * Gives back the keys of a refused call, so that another input may have them at once. They are not deleted, because
 * somebody who repeats the same input may be about to store the event.
 */
export async function releaseEventKeys(db: Database, events: readonly KeyedEvent[]): Promise<void> {
  await run(db, db.engine, releaseStatement, [
    events.map(({ ownerId }) => ownerId),
    events.map(({ key }) => key),
    events.map(({ eventId }) => eventId),
  ]);
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
