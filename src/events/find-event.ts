import { type Kysely, type Selectable, sql } from 'kysely';
import { payloadTextOf } from '../status/event-body.ts';
import type { Tables } from '../tables.ts';

/** An event as lists show it. Its body, up to 256 KiB, is read separately and only if it is requested. */
export type Event = Omit<Selectable<Tables['event']>, 'body' | 'trace_context'>;

export const eventColumns = [
  'owner_id',
  'id',
  'type',
  'tenant_id',
  'idempotency_key',
  'occurred_at',
] as const;

export async function findEvent(db: Kysely<Tables>, ownerId: string, id: string): Promise<Event | undefined> {
  return (await findEvents(db, ownerId, [id]))[0];
}

/** The owner's events among these ids, in no particular order. */
export function findEvents(db: Kysely<Tables>, ownerId: string, ids: readonly string[]): Promise<Event[]> {
  return db
    .selectFrom('event')
    .select(eventColumns)
    .where('owner_id', '=', ownerId)
    .where('id', '=', sql<string>`any(${[...ids]}::uuid[])`)
    .execute();
}

/** Events of several owners by id; each is requested together with its owner. */
export async function findEventsOfOwners(
  db: Kysely<Tables>,
  wanted: readonly { ownerId: string; eventId: string }[],
): Promise<ReadonlyMap<string, Event>> {
  const byOwner = new Map<string, string[]>();
  for (const { ownerId, eventId } of wanted) byOwner.set(ownerId, [...(byOwner.get(ownerId) ?? []), eventId]);
  const found = await Promise.all([...byOwner].map(([ownerId, ids]) => findEvents(db, ownerId, ids)));
  return new Map(found.flat().map((event) => [event.id, event]));
}

export type EventPayload = Readonly<{ id: string; payloadText: string }>;

/** The exact texts of the payloads, in no particular order. */
export async function findEventPayloads(
  db: Kysely<Tables>,
  ownerId: string,
  ids: readonly string[],
): Promise<EventPayload[]> {
  const rows = await db
    .selectFrom('event')
    .select(['id', 'type', 'occurred_at', 'body'])
    .where('owner_id', '=', ownerId)
    .where('id', '=', sql<string>`any(${[...ids]}::uuid[])`)
    .execute();
  return rows.map((row) => ({ id: row.id, payloadText: payloadTextOf(row.body, row.type, row.occurred_at) }));
}
