import { type Kysely, type Selectable, sql } from 'kysely';
import { countRows } from '../db/count-rows.ts';
import { type Counted, type Page, type PageArgs, pageRange, readPage } from '../db/keyset.ts';
import type { Tables } from '../tables.ts';

/** A tenant's consent to an app. A revoked one stays for the record; the tenant may install the app again. */
export type AppInstallation = Selectable<Tables['app_installation']>;

/** What a tenant may see of an app that it installs; `version` is undefined where none is published. */
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

/** The same for deleted apps: their installations stay for the record. */
export async function findAppProfiles(db: Kysely<Tables>, ids: readonly string[]): Promise<AppProfile[]> {
  return (await profiles(db, ids).execute()).map(profileOf);
}

/**
 * What is there for whoever may install it: published apps, and beside them those of the tenant and those among the
 * apps. No others are read.
 */
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

/** A page of a tenant's installations, or of an app's, newest first; revoked ones among them. */
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

/** Those of the ids that the app has, in no order. */
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

/** Those of the ids that the tenant has, in no order. */
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
