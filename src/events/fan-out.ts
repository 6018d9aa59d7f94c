import type { Database } from '../db/pool.ts';
import { run, statement } from '../db/statement.ts';
import type { EndpointSending } from '../tables.ts';

/** An endpoint as publishing sees it. */
export type Subscriber = {
  owner_id: string;
  id: string;
  events: string[];
  is_active: boolean;
  disabled_reason: 'MANUAL' | 'FAILING' | 'GONE' | null;
  verification: 'UNVERIFIED' | 'PENDING' | 'VERIFIED' | 'FAILED';
  sending: EndpointSending | null;
  queue_full_at: Date | null;
  strict_boundary: string | null;
};

/** An app that receives events of one of a tenant's categories. */
type ConcernedApp = {
  owner_id: string;
  category: string;
  app_id: string;
  installation_id: string;
  /** Empty means any data type. */
  data_types: string[];
};

/** The endpoints and apps that receive a tenant's events, and the version of this result. */
export type OwnerAudience = Readonly<{
  endpoints: readonly Subscriber[];
  apps: readonly ConcernedApp[];
  version: string;
  isSuspended: boolean;
}>;

/** The receivers of a batch's events, by the tenant's UUID. */
export type Audience = Readonly<{
  owners: ReadonlyMap<string, OwnerAudience>;
  /** True if it was remembered and not read for this batch. */
  isRemembered: boolean;
}>;

/**
 * One statement reads everything, so that the version belongs to the result. For a tenant without apps it costs one
 * index lookup. With a join instead of `any`, the second half would be planned again each time, which costs five
 * times as much as running it.
 */
const audienceText = (version: string) =>
  `select e.owner_id, e.id, e.events, e.is_active, e.disabled_reason, e.verification, e.sending, e.queue_full_at, e.strict_boundary,
          null::uuid as app_id, null::uuid as installation_id, null::text as category, null::text[] as data_types,
          null::text as version, null::boolean as is_suspended
     from unnest($1::uuid[]) as o(owner_id)
     join endpoint e on e.owner_id = o.owner_id
    where e.deleted_at is null and e.owner_kind = 'TENANT' and e.events && $2::text[]
    union all
   select f.tenant_id, null, null, null, null, null, null, null, null, f.app_id, f.installation_id, f.category, f.data_types, null, null
     from app_forward f
    where f.tenant_id = any($1::uuid[]) and f.category = any($3::text[])
    union all
   select t.id, null, null, null, null, null, null, null, null, null, null, null, null, ${version}, t.suspended_at is not null
     from tenant t
    where t.id = any($1::uuid[])
    order by owner_id, id`;

const audienceStatement = statement('audience', audienceText('audience_version(t.id)'), {
  owners: [[1]],
  text: audienceText("''"),
  returns: `owner_id uuid, id uuid, events text[], is_active boolean, disabled_reason text, verification text,
    sending jsonb, queue_full_at timestamptz, strict_boundary uuid, app_id uuid, installation_id uuid, category text,
    data_types text[], version text, is_suspended boolean`,
});

/**
 * Reads the tenants' endpoints that subscribed to any of the patterns, and the apps that receive the categories: apps
 * that are installed and subscribed, and whose published version declares the category.
 */
export async function findAudience(
  db: Database,
  ownerIds: readonly string[],
  wanted: { patterns: readonly string[]; categories: readonly string[] },
): Promise<ReadonlyMap<string, OwnerAudience>> {
  const rows = await run<Subscriber | ConcernedApp | Standing>(db, db.engine, audienceStatement, [
    ownerIds,
    wanted.patterns,
    wanted.categories,
  ]);
  const endpoints = new Map<string, Subscriber[]>();
  const apps = new Map<string, ConcernedApp[]>();
  const standings: Standing[] = [];
  for (const row of rows) {
    if (isStanding(row)) standings.push(row);
    else if (isApp(row)) push(apps, row);
    else push(endpoints, row);
  }
  return new Map(
    standings.map(({ owner_id, version, is_suspended }) => [
      owner_id,
      {
        endpoints: endpoints.get(owner_id) ?? [],
        apps: apps.get(owner_id) ?? [],
        version,
        isSuspended: is_suspended,
      },
    ]),
  );
}

type Standing = { owner_id: string; version: string; is_suspended: boolean };

const isStanding = (row: Subscriber | ConcernedApp | Standing): row is Standing =>
  'version' in row && row.version !== null;

const isApp = (row: Subscriber | ConcernedApp): row is ConcernedApp => 'app_id' in row && row.app_id !== null;

function push<Row extends { owner_id: string }>(byOwner: Map<string, Row[]>, row: Row): void {
  const list = byOwner.get(row.owner_id);
  if (list === undefined) byOwner.set(row.owner_id, [row]);
  else list.push(row);
}
