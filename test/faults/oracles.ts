import { decodeId } from '../../src/ids.ts';
import type { Site } from './site.ts';
import type { Endpoint, Tenant, Traffic } from './traffic.ts';

/**
 * What must hold after every fault, read from the database and from the receivers' records, never from the API.
 *
 *   O1  an acknowledged publish is exactly one event with all its deliveries
 *   O2  every delivery has ended, no due row is left, every lease has a live holder
 *   O3  SUCCEEDED means that the receiver has verified it and answered 2xx
 *   O4  duplicates have one webhook-id and one body, and fall into the fault's window
 *   O5  no fenced write was recorded: each attempt was settled under its own claim, attempts are numbered
 *       without a gap, and nothing follows an end
 *   O6  no process died by itself, printed an uncaught error or kept growing
 *   O7  no log contains a secret
 *   O8  no receiver of another owner got anything
 *   O9  the log has no gap, and its last changes are the current statuses
 *   O10 a strictly ordered endpoint got each event for the first time in the order of the commits
 */
type Received = Readonly<{ deliveries: readonly Delivery[]; eventIds: ReadonlySet<string>; from: number }>;

export type Verdict = Readonly<{ problems: readonly string[]; lost: number; duplicates: number }>;

const limits = { rssBytes: 700e6, descriptors: 400 };

type Delivery = {
  id: string;
  endpoint_id: string;
  event_id: string;
  status: string;
  kind: string;
  attempt_count: number;
  max_attempts: number;
};

export async function judge(site: Site, traffic: Traffic, window: { from: number }): Promise<Verdict> {
  const problems = [...traffic.problems, ...site.processProblems(limits)];
  const leaks = site.leaks();
  if (leaks.length > 0) problems.push(`O7: ${leaks.length} secrets stand in the logs`);
  problems.push(...(await leaseProblems(site)));
  let lost = 0;
  let duplicates = 0;
  for (const tenant of traffic.tenants) {
    const verdict = await judgeTenant(site, traffic, { tenant, from: window.from });
    problems.push(...verdict.problems);
    lost += verdict.lost;
    duplicates += verdict.duplicates;
  }
  if (traffic.unanswered.length > 0) {
    problems.push(`${traffic.unanswered.length} publishes were never answered`);
  }
  return { problems, lost, duplicates };
}

async function judgeTenant(
  site: Site,
  traffic: Traffic,
  options: { tenant: Tenant; from: number },
): Promise<Verdict> {
  const { tenant, from } = options;
  const [owner] = await site.sql<{ id: string }>('select id from tenant where external_id = $1', [
    tenant.name,
  ]);
  if (owner === undefined) return { problems: [], lost: 0, duplicates: 0 };
  const deliveries = await site.sql<Delivery>(
    `select id, endpoint_id, event_id, status, kind, attempt_count, max_attempts from delivery where owner_id = $1`,
    [owner.id],
  );
  const stored = await storedProblems(site, traffic, { tenant, ownerId: owner.id, deliveries });
  const received = receivedProblems(site, { tenant, deliveries, from, eventIds: stored.eventIds });
  return {
    problems: [
      ...stored.problems,
      ...received.problems,
      ...(await endProblems(site, owner.id, deliveries)),
      ...(await attemptProblems(site, owner.id)),
      ...(await logProblems(site, owner.id)),
      ...(await orderProblems(site, owner.id, tenant)),
    ].map((problem) => `${problem} (${tenant.name})`),
    lost: stored.lost + received.lost,
    duplicates: received.duplicates,
  };
}

/** O1. */
async function storedProblems(
  site: Site,
  traffic: Traffic,
  owned: { tenant: Tenant; ownerId: string; deliveries: readonly Delivery[] },
) {
  const problems: string[] = [];
  let lost = 0;
  // Purged or deleted deliveries may be missing from the tables by now.
  const kept = owned.tenant.endpoints.filter(({ uuid }) => !traffic.removed.has(uuid));
  const hasRemoved = kept.length < owned.tenant.endpoints.length;
  const rows = await site.sql<{ id: string; idempotency_key: string }>(
    'select id, idempotency_key from event where owner_id = $1',
    [owned.ownerId],
  );
  const events = groupBy(rows, (row) => row.idempotency_key);
  const ofEvent = groupBy(
    owned.deliveries.filter(({ kind }) => kind === 'EVENT'),
    (row) => row.event_id,
  );
  for (const { key, eventUuid, deliveryCount } of traffic.acknowledged.filter(
    ({ tenant }) => tenant === owned.tenant,
  )) {
    const found = events.get(key) ?? [];
    const made = ofEvent.get(eventUuid) ?? [];
    if (found.length !== 1 || found[0]?.id !== eventUuid) {
      problems.push(`O1: key ${key} has ${found.length} events`);
    }
    const missing = kept.filter(({ uuid }) => made.filter((row) => row.endpoint_id === uuid).length !== 1);
    if (missing.length > 0 || (!hasRemoved && made.length !== deliveryCount)) {
      problems.push(`O1: ${made.length} deliveries of ${deliveryCount}, not one for each endpoint`);
    }
    lost += missing.length;
  }
  return { problems: few(problems), lost, eventIds: new Set(rows.map(({ id }) => id)) };
}

/** O2. */
async function endProblems(site: Site, ownerId: string, deliveries: readonly Delivery[]): Promise<string[]> {
  const problems: string[] = [];
  const unfinished = deliveries.filter(({ status }) => !isEnd(status));
  if (unfinished.length > 0) {
    const [due] = await site.sql<{ rows: string }>(
      `select json_agg(json_build_object('due_in', due_at - now(), 'claim', claim, 'shard', shard, 'status', status))::text as rows
         from (select * from due where owner_id = $1 limit 3) d`,
      [ownerId],
    );
    problems.push(`O2: ${unfinished.length} deliveries have not ended: ${due?.rows}`);
  }
  const [left] = await site.sql<{ n: number }>(
    `select count(*)::int as n from due d join delivery x on x.owner_id = d.owner_id and x.id = d.delivery_id
      where d.owner_id = $1 and x.status in ('SUCCEEDED', 'FAILED', 'DEAD_LETTER')`,
    [ownerId],
  );
  if ((left?.n ?? 0) > 0) problems.push(`O2: ${left?.n} ended deliveries are still due`);
  return problems;
}

/** O2: every shard has a holder that is alive. */
async function leaseProblems(site: Site): Promise<string[]> {
  const rows = await site.sql<{ shard: number }>(
    `select shard from shard_lease
      where holder is null or expires_at < now() or holder not in (select id from worker)`,
  );
  return rows.length === 0 ? [] : [`O2: ${rows.length} shards are held by nobody`];
}

/** O3, O4 and O8. */
function receivedProblems(site: Site, owned: Received & { tenant: Tenant }) {
  const problems: string[] = [];
  let lost = 0;
  let duplicates = 0;
  for (const endpoint of owned.tenant.endpoints) {
    const found = receivedBy(site, endpoint, owned);
    problems.push(...found.problems);
    lost += found.lost;
    duplicates += found.duplicates;
  }
  return { problems: few(problems), lost, duplicates };
}

function receivedBy(site: Site, endpoint: Endpoint, options: Received) {
  const problems: string[] = [];
  const entries = groupBy(
    site.ledger.entriesOf(endpoint.place),
    ({ eventId }) => decodeId('Event', eventId) ?? '',
  );
  const own = options.deliveries.filter(({ endpoint_id }) => endpoint_id === endpoint.uuid);
  const ofEvent = groupBy(own, ({ event_id }) => event_id);
  let lost = 0;
  let duplicates = 0;
  for (const { id, event_id, status } of own) {
    const got = entries.get(event_id) ?? [];
    if (status !== 'SUCCEEDED') continue;
    if (!got.some((entry) => entry.isVerified && entry.status !== undefined && isSuccess(entry.status))) {
      problems.push(`O3: ${id} succeeded and was never received`);
      lost += 1;
    }
  }
  for (const [eventId, got] of entries) {
    const deliveries = ofEvent.get(eventId) ?? [];
    if (!options.eventIds.has(eventId)) {
      problems.push(`O8: event ${eventId} came to an endpoint of another owner`);
      continue;
    }
    for (const { at, signedAt } of got.filter(({ isVerified }) => !isVerified)) {
      const agoSeconds = ((at - signedAt) / 1_000).toFixed(1);
      problems.push(`O3: ${eventId} came without a valid signature, signed ${agoSeconds} s before`);
    }
    if (new Set(got.map(({ bodyHash }) => bodyHash)).size > 1)
      problems.push(`O4: ${eventId} came with two bodies`);
    const processed = got.filter(({ isProcessed }) => isProcessed);
    // A replay is requested explicitly, and a receiver that reported a failure is called again.
    const wanted = Math.max(1, deliveries.length);
    const extra = processed.slice(wanted).filter((_, index) => {
      const before = processed[wanted + index - 1];
      return before?.status !== undefined && isSuccess(before.status);
    });
    duplicates += extra.length;
    if (extra.some(({ at }) => at < options.from))
      problems.push(`O4: ${eventId} came twice before the fault`);
  }
  return { problems, lost, duplicates };
}

/** O5. */
async function attemptProblems(site: Site, ownerId: string): Promise<string[]> {
  const rows = await site.sql<{ problem: string; n: number }>(
    `with a as (
       select delivery_id, count(*) as rows, max(number) as last,
              count(*) filter (where outcome <> 'INTERRUPTED') as counted,
              count(*) filter (where outcome = 'SUCCEEDED') as succeeded,
              (array_agg(outcome order by number desc))[1] as outcome
         from attempt where owner_id = $1 group by delivery_id
     ),
     judged as (
       select case
                when a.rows <> a.last then 'attempts are missing'
                when a.counted <> d.attempt_count then 'attempts are miscounted'
                when a.succeeded > 1 then 'an attempt followed a success'
                when d.status = 'SUCCEEDED' and a.outcome is distinct from 'SUCCEEDED' then 'succeeded without a success'
                when a.succeeded > 0 and d.status <> 'SUCCEEDED' then 'a success was overwritten'
                when d.attempt_count > d.max_attempts then 'more attempts than the schedule has'
                when d.status = 'DEAD_LETTER' and d.attempt_count <> d.max_attempts then 'gave up early'
              end as problem
         from delivery d join a on a.delivery_id = d.id
        where d.owner_id = $1
     )
     select problem, count(*)::int as n from judged where problem is not null group by problem
     union all
     select 'an attempt was settled under a later claim than its own', count(*)::int
       from settled_under s join attempt a on a.delivery_id = s.delivery_id and a.number = s.number
      where s.owner_id = $1 and a.owner_id = $1 and a.outcome <> 'INTERRUPTED'
        and a.started_at < s.claimed_at - interval '50 milliseconds'
     having count(*) > 0`,
    [ownerId],
  );
  return rows.map(({ problem, n }) => `O5: ${problem}, ${n} times`);
}

/** O9. */
async function logProblems(site: Site, ownerId: string): Promise<string[]> {
  const rows = await site.sql<{ problem: string; n: number }>(
    `with l as (
       select position, delivery_id, status, previous_status,
              lag(position) over (order by position) as position_before,
              lag(status) over (partition by delivery_id order by position) as status_before,
              row_number() over (partition by delivery_id order by position desc) as from_end
         from delivery_log where owner_id = $1
     ),
     problems as (
       select 'a hole in the log' as problem from l where position <> coalesce(position_before, 0) + 1
       union all
       select 'the head is not the last position' from owner_log o
        where o.owner_id = $1 and o.head <> coalesce((select max(position) from l), 0)
       union all
       select 'a change does not begin where the last one ended' from l
        where previous_status is distinct from status_before
       union all
       select 'a change follows an end' from l where status_before in ('SUCCEEDED', 'FAILED', 'DEAD_LETTER')
       union all
       select 'the log says another status' from delivery d
         left join l on l.delivery_id = d.id and l.from_end = 1
        where d.owner_id = $1 and l.status is distinct from d.status
     )
     select problem, count(*)::int as n from problems group by problem`,
    [ownerId],
  );
  return rows.map(({ problem, n }) => `O9: ${problem}, ${n} times`);
}

const isEnd = (status: string) => ['SUCCEEDED', 'FAILED', 'DEAD_LETTER'].includes(status);
const isSuccess = (status: number) => status >= 200 && status < 300;

/** Only the first of thousands of equal problems are shown. */
const few = (problems: readonly string[]) =>
  problems.length <= 5 ? problems : [...problems.slice(0, 5), `… and ${problems.length - 5} more`];

function groupBy<T>(rows: readonly T[], keyOf: (row: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const list = groups.get(keyOf(row));
    if (list === undefined) groups.set(keyOf(row), [row]);
    else list.push(row);
  }
  return groups;
}

async function orderProblems(site: Site, ownerId: string, { endpoints }: Tenant): Promise<string[]> {
  const problems: string[] = [];
  for (const { uuid, place } of endpoints.filter(({ isStrict }) => isStrict)) {
    const rows = await site.sql<{ event_id: string }>(
      `select event_id from delivery_log
        where owner_id = $1 and endpoint_id = $2 and previous_status is null order by position`,
      [ownerId, uuid],
    );
    const turnOf = new Map(rows.map(({ event_id }, turn) => [event_id, turn]));
    const firsts = new Set(
      site.ledger.entriesOf(place).map(({ eventId }) => decodeId('Event', eventId) ?? ''),
    );
    const turns = [...firsts].map((eventId) => turnOf.get(eventId) ?? -1);
    const passed = turns.filter((turn, index) => turn < (turns[index - 1] ?? -1));
    if (passed.length > 0) problems.push(`O10: ${passed.length} deliveries were passed by a later one`);
  }
  return problems;
}
