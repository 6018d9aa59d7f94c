import type { Kysely, Selectable, Transaction } from 'kysely';
import { sql } from 'kysely';
import { countRows } from '../db/count-rows.ts';
import { type Counted, type Page, type PageArgs, pageRange, readPage } from '../db/keyset.ts';
import { NotFoundError } from '../errors.ts';
import { encodeId, timeOfUuid } from '../ids.ts';
import type { Tables } from '../tables.ts';

/** The limit for one owner's endpoints. A fan-out reads all of them. */
/** No tenant may have more, whatever the limit is set to. */
export const mostEndpoints = 10_000;

/**
 * The destination to which an owner (a tenant or a partner app) wants its events sent. A deleted endpoint is never
 * found.
 */
export type Endpoint = Selectable<Tables['endpoint']>;

export type VerificationStatus = Endpoint['verification'];
export type DisabledReason = NonNullable<Endpoint['disabled_reason']>;

export type EndpointFilter = Readonly<{
  isActive?: boolean | null | undefined;
  /** Only endpoints with at least one of these subscriptions, exactly as written. */
  anyOfEvents?: readonly string[] | undefined;
  /** Undefined means any. Empty matches nothing. */
  verification?: readonly VerificationStatus[] | null | undefined;
}>;

export function createdAt(endpoint: Pick<Endpoint, 'id'>): Date {
  return new Date(timeOfUuid(endpoint.id));
}

export async function findEndpoint(
  db: Kysely<Tables>,
  ownerId: string,
  id: string,
): Promise<Endpoint | undefined> {
  return (await findEndpoints(db, ownerId, [id]))[0];
}

/** Throws a NotFoundError. */
export async function getEndpoint(db: Kysely<Tables>, ownerId: string, id: string): Promise<Endpoint> {
  const endpoint = await findEndpoint(db, ownerId, id);
  if (endpoint === undefined) throw new NotFoundError(encodeId('Endpoint', id));
  return endpoint;
}

/** The owner's endpoints among these ids, in no particular order. */
export function findEndpoints(
  db: Kysely<Tables>,
  ownerId: string,
  ids: readonly string[],
): Promise<Endpoint[]> {
  return db
    .selectFrom('endpoint')
    .selectAll()
    .where('owner_id', '=', ownerId)
    .where('id', '=', sql<string>`any(${[...ids]}::uuid[])`)
    .where('deleted_at', 'is', null)
    .execute();
}

/** The owner among these that has the endpoint. */
export async function findOwnersEndpoint(
  db: Kysely<Tables>,
  ownerIds: readonly string[],
  id: string,
): Promise<string | undefined> {
  const row = await db
    .selectFrom('endpoint')
    .select('owner_id')
    .where('owner_id', '=', sql<string>`any(${[...ownerIds]}::uuid[])`)
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  return row?.owner_id;
}

/** Locks the endpoint against changes until the transaction ends. The engine can still read it. */
export async function lockEndpoint(trx: Transaction<Tables>, ownerId: string, id: string): Promise<Endpoint> {
  const endpoint = await trx
    .selectFrom('endpoint')
    .selectAll()
    .where('owner_id', '=', ownerId)
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (endpoint === undefined) throw new NotFoundError(encodeId('Endpoint', id));
  return endpoint;
}

/** A page of the matching endpoints, newest first. */
export async function listEndpoints(
  db: Kysely<Tables>,
  ownerId: string,
  { page, filter }: { page: PageArgs; filter: EndpointFilter },
): Promise<Page<Endpoint> & Counted> {
  const all = matchingEndpoints(db, ownerId, filter);
  const list = await readPage(pageRange(page, { kind: 'Endpoint', ownerId }), async (range) => {
    let query = all.orderBy('id', range.backward ? 'asc' : 'desc').limit(range.limit);
    if (range.after !== undefined) query = query.where('id', '<', range.after);
    if (range.before !== undefined) query = query.where('id', '>', range.before);
    return await query.execute();
  });
  return { ...list, count: () => countRows(db, all) };
}

/** All endpoints of the owner, newest first. */
export function listAllEndpoints(db: Kysely<Tables>, ownerId: string): Promise<Endpoint[]> {
  return matchingEndpoints(db, ownerId, {}).orderBy('id', 'desc').limit(mostEndpoints).execute();
}

/** The owner's endpoints that match, in no particular order. */
export function matchingEndpoints(db: Kysely<Tables>, ownerId: string, filter: EndpointFilter) {
  let query = db
    .selectFrom('endpoint')
    .selectAll()
    .where('owner_id', '=', ownerId)
    .where('deleted_at', 'is', null);
  if (filter.isActive != null) query = query.where('is_active', '=', filter.isActive);
  if (filter.anyOfEvents !== undefined) {
    query = query.where(sql<boolean>`events && ${[...filter.anyOfEvents]}::text[]`);
  }
  if (filter.verification != null) {
    query = query.where(sql<boolean>`verification = any(${[...filter.verification]}::text[])`);
  }
  return query;
}
