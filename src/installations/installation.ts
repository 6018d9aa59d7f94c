import { type Kysely, type Selectable, sql } from 'kysely';
import { countRows } from '../db/count-rows.ts';
import { type Counted, type Page, type PageArgs, pageRange, readPage } from '../db/keyset.ts';
import type { Tables } from '../tables.ts';

/** A tenant's consent to an app. It is kept after it has been revoked; the tenant may install the app again. */
export type AppInstallation = Selectable<Tables['app_installation']>;

/** The part of an app that tenants may see. `version` is undefined if none is published. */
export type AppProfile = Readonly<{
  appId: string;
  name: string;
  source: string;
  webhookCategories: readonly string[];
  dataTypes: readonly string[];
  tenantId: string;
  isPublished: boolean;
  isDeleted: boolean;
}>;

/** The same for deleted apps, because their installations are kept. */
export async function findAppProfiles(db: Kysely<Tables>, ids: readonly string[]): Promise<AppProfile[]> {
  return (await profiles(db, ids).execute()).map(profileOf);
}

/** The apps that the tenant may install: published apps, its own apps, and those among `apps`. No others are read. */
export async function findInstallable(
  db: Kysely<Tables>,
  by: Readonly<{ tenantId: string | undefined; appIds: readonly string[] }>,
  id: string,
): Promise<AppProfile | undefined> {
  const row = await profiles(db, [id])
    .where('app.deleted_at', 'is', null)
    .where((is) =>
      is.or([
        is('v.status', 'is not', null),
        is('app.tenant_id', '=', sql<string>`${by.tenantId ?? null}::uuid`),
        is('app.id', '=', sql<string>`any(${[...by.appIds]}::uuid[])`),
      ]),
    )
    .executeTakeFirst();
  return row === undefined ? undefined : profileOf(row);
}

function profiles(db: Kysely<Tables>, ids: readonly string[]) {
  return db
    .selectFrom('app')
    .leftJoin('app_version as v', (join) =>
      join.onRef('v.app_id', '=', 'app.id').on(sql<boolean>`v.status = 'PUBLISHED'`),
    )
    .select([
      'app.id',
      'app.name',
      'app.source',
      'app.tenant_id',
      'app.deleted_at',
      'v.webhook_categories',
      'v.data_types',
    ])
    .where('app.id', '=', sql<string>`any(${[...ids]}::uuid[])`);
}

type ProfileRow = Awaited<ReturnType<ReturnType<typeof profiles>['executeTakeFirstOrThrow']>>;

const profileOf = (row: ProfileRow): AppProfile => ({
  appId: row.id,
  name: row.name,
  source: row.source,
  webhookCategories: row.webhook_categories ?? [],
  dataTypes: row.data_types ?? [],
  tenantId: row.tenant_id,
  isPublished: row.webhook_categories !== null,
  isDeleted: row.deleted_at !== null,
});

/** A page of a tenant's or an app's installations, newest first, including revoked ones. */
export async function listInstallations(
  db: Kysely<Tables>,
  of: Readonly<{ tenantId: string } | { appId: string }>,
  page: PageArgs,
): Promise<Page<AppInstallation> & Counted> {
  const ownerId = 'appId' in of ? of.appId : of.tenantId;
  const any = db.selectFrom('app_installation').selectAll();
  const all = 'appId' in of ? any.where('app_id', '=', of.appId) : any.where('tenant_id', '=', of.tenantId);
  const list = await readPage(pageRange(page, { kind: 'AppInstallation', ownerId }), async (range) => {
    let query = all.orderBy('id', range.backward ? 'asc' : 'desc').limit(range.limit);
    if (range.after !== undefined) query = query.where('id', '<', range.after);
    if (range.before !== undefined) query = query.where('id', '>', range.before);
    return await query.execute();
  });
  return { ...list, count: () => countRows(db, all) };
}

/** The app's installations among these ids, in no particular order. */
export function findInstallations(
  db: Kysely<Tables>,
  appId: string,
  ids: readonly string[],
): Promise<AppInstallation[]> {
  return db
    .selectFrom('app_installation')
    .selectAll()
    .where('app_id', '=', appId)
    .where('id', '=', sql<string>`any(${[...ids]}::uuid[])`)
    .execute();
}

/** The tenant's installations among these ids, in no particular order. */
export function findTenantsInstallations(
  db: Kysely<Tables>,
  tenantId: string,
  ids: readonly string[],
): Promise<AppInstallation[]> {
  return db
    .selectFrom('app_installation')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', sql<string>`any(${[...ids]}::uuid[])`)
    .execute();
}
