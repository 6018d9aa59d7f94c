import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import type { By } from '../access/actor.ts';
import { appendAudit } from '../audit/append-audit.ts';
import { countRows } from '../db/count-rows.ts';
import { type Counted, type Page, type PageArgs, pageRange, readPage } from '../db/keyset.ts';
import type { Database } from '../db/pool.ts';
import { ConflictError, ValidationError, type ValidationIssue } from '../errors.ts';
import { isReservedEventType } from '../event-types/event-type-name.ts';
import { mintUuid } from '../ids.ts';
import type { Tables } from '../tables.ts';
import { storable } from '../text.ts';
import { lockApp, touchApp } from './app.ts';
import { refreshForwards } from './forwards.ts';
import { appendLifecycle } from './lifecycle.ts';

/**
 * A declaration of the events that an app receives. The PUBLISHED version decides which events are forwarded; there
 * is at most one.
 */
export type AppVersion = Selectable<Tables['app_version']>;

export const maxVersionChars = 50;
export const maxDeclared = 100;

export type PublishVersionInput = Readonly<{
  version: string;
  webhookCategories: readonly string[];
  dataTypes: readonly string[];
}>;

/**
 * Throws a ValidationError. A category must have event types, and event types of the categories must have the data
 * type.
 */
export async function checkVersion(database: Database, input: PublishVersionInput): Promise<void> {
  const issues: ValidationIssue[] = [];
  if (!/^[\x21-\x7e]+$/.test(input.version) || input.version.length > maxVersionChars) {
    const message = `The version must be 1 to ${maxVersionChars} visible ASCII characters without white space.`;
    issues.push({ path: ['version'], code: 'INVALID_VERSION', message });
  }
  const known = await findDeclarable(database, input.webhookCategories);
  issues.push(
    ...listIssues('webhookCategories', input.webhookCategories, (category) =>
      known.has(category) && !isReservedEventType(category) ? undefined : 'UNKNOWN_CATEGORY',
    ),
    ...listIssues('dataTypes', input.dataTypes, (dataType) =>
      [...known.values()].some((types) => types.has(dataType)) ? undefined : 'UNKNOWN_DATA_TYPE',
    ),
  );
  if (issues.length > 0) throw new ValidationError(issues);
}

const messages: Record<string, string> = {
  UNKNOWN_CATEGORY: 'There is no event type of this category.',
  UNKNOWN_DATA_TYPE: 'No event type of the declared categories has this data type.',
  DUPLICATE: 'This entry is given twice.',
};

function listIssues(
  field: string,
  entries: readonly string[],
  codeOf: (entry: string) => string | undefined,
): ValidationIssue[] {
  if (entries.length > maxDeclared) {
    return [{ path: [field], code: 'TOO_MANY', message: `At most ${maxDeclared} entries are allowed.` }];
  }
  return entries.flatMap((entry, index) => {
    const code = entries.indexOf(entry) < index ? 'DUPLICATE' : codeOf(entry);
    return code === undefined ? [] : [{ path: [field, index], code, message: messages[code] ?? code }];
  });
}

/** The data types of each of these categories. */
async function findDeclarable(
  database: Database,
  categories: readonly string[],
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const rows = await database.query
    .selectFrom('event_type')
    .select(['category', 'data_type'])
    .distinct()
    // PostgreSQL does not accept NUL in text, and no category has one.
    .where('category', '=', sql<string>`any(${storable(categories)}::text[])`)
    .execute();
  const found = new Map<string, Set<string>>();
  for (const { category, data_type } of rows) {
    found.set(category, (found.get(category) ?? new Set()).add(data_type));
  }
  return found;
}

/** Publishes a version. The version before becomes SUPERSEDED, and forwarding follows the new version from now on. */
export async function publishVersion(
  trx: Transaction<Tables>,
  { appId, input, by }: { appId: string; input: PublishVersionInput; by: By },
): Promise<AppVersion> {
  await lockApp(trx, appId);
  const taken = await trx
    .selectFrom('app_version')
    .select('id')
    .where('app_id', '=', appId)
    .where('version', '=', input.version)
    .executeTakeFirst();
  if (taken !== undefined) throw new ConflictError(`The app has a version ${input.version} already.`);
  await trx
    .updateTable('app_version')
    .set({ status: 'SUPERSEDED' })
    .where('app_id', '=', appId)
    .where('status', '=', 'PUBLISHED')
    .execute();
  const version = await trx
    .insertInto('app_version')
    .values({
      app_id: appId,
      id: mintUuid(),
      version: input.version,
      status: 'PUBLISHED',
      webhook_categories: [...input.webhookCategories],
      data_types: [...input.dataTypes],
      published_at: sql<Date>`clock_timestamp()`,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  await refreshForwards(trx, appId);
  await touchApp(trx, appId);
  const { webhookCategories, dataTypes } = input;
  await appendAudit(trx, {
    ownerId: appId,
    ...by,
    action: 'app.publish_version',
    targetType: 'AppVersion',
    targetId: version.id,
    changes: { version: input.version, webhookCategories, dataTypes },
  });
  await appendLifecycle(trx, appId, {
    type: 'app.version_published',
    data: { version: input.version, webhookCategories, dataTypes },
  });
  return version;
}

/** The published versions of these apps, by the app's id. */
export async function findPublishedVersions(
  db: Kysely<Tables>,
  appIds: readonly string[],
): Promise<ReadonlyMap<string, AppVersion>> {
  const rows = await db
    .selectFrom('app_version')
    .selectAll()
    .where('app_id', '=', sql<string>`any(${[...appIds]}::uuid[])`)
    // Written as a literal, so that the index over published versions is used.
    .where(sql<boolean>`status = 'PUBLISHED'`)
    .execute();
  return new Map(rows.map((row) => [row.app_id, row]));
}

/** A page of an app's versions, newest first. */
export async function listVersions(
  db: Kysely<Tables>,
  appId: string,
  page: PageArgs,
): Promise<Page<AppVersion> & Counted> {
  const all = db.selectFrom('app_version').selectAll().where('app_id', '=', appId);
  const list = await readPage(pageRange(page, { kind: 'AppVersion', ownerId: appId }), async (range) => {
    let query = all.orderBy('id', range.backward ? 'asc' : 'desc').limit(range.limit);
    if (range.after !== undefined) query = query.where('id', '<', range.after);
    if (range.before !== undefined) query = query.where('id', '>', range.before);
    return await query.execute();
  });
  return { ...list, count: () => countRows(db, all) };
}

export function findVersions(
  db: Kysely<Tables>,
  appIds: readonly string[],
  ids: readonly string[],
): Promise<AppVersion[]> {
  return db
    .selectFrom('app_version')
    .selectAll()
    .where('app_id', '=', sql<string>`any(${[...appIds]}::uuid[])`)
    .where('id', '=', sql<string>`any(${[...ids]}::uuid[])`)
    .execute();
}

/** The versions among these ids that belong to apps that the tenant has created. */
export function findTenantsVersions(
  db: Kysely<Tables>,
  tenantId: string,
  ids: readonly string[],
): Promise<AppVersion[]> {
  return db
    .selectFrom('app')
    .innerJoin('app_version', 'app_version.app_id', 'app.id')
    .selectAll('app_version')
    .where('app.tenant_id', '=', tenantId)
    .where('app.deleted_at', 'is', null)
    .where('app_version.id', '=', sql<string>`any(${[...ids]}::uuid[])`)
    .execute();
}
