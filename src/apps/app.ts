import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import { countRows } from '../db/count-rows.ts';
import { type Counted, type Page, type PageArgs, pageRange, readPage } from '../db/keyset.ts';
import { NotFoundError } from '../errors.ts';
import { encodeId } from '../ids.ts';
import type { Tables } from '../tables.ts';

/** A partner app. It owns one endpoint, events, deliveries and a log, apart from every tenant's. */
export type App = Selectable<Tables['app']>;

/** The existing apps among these ids, in no particular order. A deleted app is never found. */
export function findApps(db: Kysely<Tables>, ids: readonly string[]): Promise<App[]> {
  return db
    .selectFrom('app')
    .selectAll()
    .where('id', '=', sql<string>`any(${[...ids]}::uuid[])`)
    .where('deleted_at', 'is', null)
    .execute();
}

/** The apps that the tenant has created, or that are in `apps`. No others are read. */
export function findAppsOf(
  db: Kysely<Tables>,
  of: Readonly<{ tenantId: string | undefined; appIds: readonly string[] }>,
  ids: readonly string[],
): Promise<App[]> {
  return db
    .selectFrom('app')
    .selectAll()
    .where('id', '=', sql<string>`any(${[...ids]}::uuid[])`)
    .where('deleted_at', 'is', null)
    .where((is) =>
      is.or([
        is('tenant_id', '=', sql<string>`${of.tenantId ?? null}::uuid`),
        is('id', '=', sql<string>`any(${[...of.appIds]}::uuid[])`),
      ]),
    )
    .execute();
}

/** Throws a NotFoundError. */
export async function getApp(db: Kysely<Tables>, id: string): Promise<App> {
  const [app] = await findApps(db, [id]);
  if (app === undefined) throw new NotFoundError(encodeId('App', id));
  return app;
}

/** A page of the apps that a tenant has created, newest first. */
export async function listApps(
  db: Kysely<Tables>,
  tenantId: string,
  page: PageArgs,
): Promise<Page<App> & Counted> {
  const all = db
    .selectFrom('app')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('deleted_at', 'is', null);
  const list = await readPage(pageRange(page, { kind: 'App', ownerId: tenantId }), async (range) => {
    let query = all.orderBy('id', range.backward ? 'asc' : 'desc').limit(range.limit);
    if (range.after !== undefined) query = query.where('id', '<', range.after);
    if (range.before !== undefined) query = query.where('id', '>', range.before);
    return await query.execute();
  });
  return { ...list, count: () => countRows(db, all) };
}

/**
 * Locks the app until the transaction ends, so that others can neither change it, its secrets, its members or its
 * versions, nor install it. Throws a NotFoundError.
 */
export async function lockApp(trx: Transaction<Tables>, id: string): Promise<App> {
  const app = await trx
    .selectFrom('app')
    .selectAll()
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (app === undefined) throw new NotFoundError(encodeId('App', id));
  return app;
}

/** Records that some part of the app was changed now. */
export function touchApp(trx: Transaction<Tables>, id: string): Promise<App> {
  return trx
    .updateTable('app')
    .set({ updated_at: sql<Date>`clock_timestamp()` })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
}
