/**
 * The end of every statement that changes statuses. It appends the changes to their owners' logs.
 *
 * It expects a CTE `del` with one row for each changed delivery (owner_id, id, endpoint_id, event_id, event_type,
 * kind, tenant_id, status, previous_status, failure_reason, attempt_count, response_status, is_logged), and the names
 * of all other data-modifying CTEs. Each of its rules prevents a race:
 *
 * 1. `owner_log` is locked last, in owner order, after everything else that the statement writes. For that, each
 * other CTE is counted in the condition of `lk`. A CTE that nothing reads would run after the lock, and could
 * deadlock.
 * 2. The lock is held until the commit, which follows in the same round trip, because the caller runs the statement
 * as its own transaction. So positions have no gaps and are in the order of the commits.
 * 3. The time of a change is taken after the lock and never goes backwards within an owner. So readers can limit
 * their search by the time of the last change that they read.
 * 4. The statement checks itself. If a change would be missing in the log (for example without a row in `owner_log`),
 * the transaction fails.
 */
export const logTail = (options: {
  writers: readonly string[];
  expected: string;
  held?: string;
  /** Those whose row of `delivery` was found, if it was not locked. */
  located?: string;
  /** Of a creation: the ids of the endpoints that are ordered strictly, whose deliveries get their places. */
  strict?: string;
  /** Of a creation: a JSON object with the highest position, by owner, at which its log may still be. */
  ceilings?: string;
}) => `
  n as materialized (
    select owner_id, count(*)::bigint as n from del where is_logged group by owner_id
  ),
  lk as materialized (
    select l.owner_id, n.n
      from (select * from n order by owner_id) n
     cross join lateral (
       select owner_id from owner_log
        where owner_id >= n.owner_id and owner_id <= n.owner_id
        order by owner_id
        limit 1
          for no key update) l
     where true ${options.writers.map((writer) => `and (select count(*) from ${writer}) >= 0`).join('\n       ')}
  ),
  hd as (
    update owner_log l set head = l.head + lk.n, at = greatest(l.at, clock_timestamp())
      from lk
     where l.owner_id = lk.owner_id
    returning l.owner_id, l.head - lk.n as before, l.head, l.at
  ),
  -- Sorted together, not joined: a join would compare each change with each owner.
  numbered as (
    select c.*, max(c.before) over w + row_number() over w - 1 as position, max(c.at) over w as occurred_at
      from (
        select owner_id, before, at, null::uuid as id, null::uuid as endpoint_id, null::uuid as event_id,
               null as event_type, null as kind, null::uuid as tenant_id, null as status, null as previous_status,
               null as failure_reason, null::integer as attempt_count, null::integer as response_status
          from hd
         union all
        select owner_id, null, null, id, endpoint_id, event_id, event_type, kind, tenant_id, status, previous_status,
               failure_reason, attempt_count, response_status
          from del where is_logged) c
    window w as (partition by c.owner_id order by c.id nulls first rows unbounded preceding)
  ),
  logged as (
    insert into delivery_log
      (owner_id, position, occurred_at, delivery_id, endpoint_id, event_id, event_type, kind, tenant_id,
       status, previous_status, failure_reason, attempt_number, response_status)
    select owner_id, position, occurred_at, id, endpoint_id, event_id, event_type, kind, tenant_id,
           status, previous_status, failure_reason, attempt_count, response_status
      from numbered
     where id is not null and position is not null
    returning ${options.strict === undefined ? '1' : 'owner_id, delivery_id, endpoint_id, position, status'}
  ),
  ${options.strict === undefined ? '' : placed(options.strict)}
  checked as materialized (
    select case
             when (select count(*) from logged) <> (select count(*) from del where is_logged)
               then refuse('changes are missing in the log')
             ${
               options.held === undefined
                 ? ''
                 : `when (select count(*) from ${options.expected}) <> (select count(*) from ${options.held})
               then repeat_later('rows changed while they were locked')`
             }
             ${
               options.located === undefined
                 ? ''
                 : `when (select count(*) from del) <> (select count(*) from ${options.located})
               then repeat_later('deliveries changed after they were found')`
             }
             when (select count(*) from del) <> (select count(*) from ${options.expected})
               then refuse('deliveries are missing')
             ${options.ceilings === undefined ? '' : tooMany(options.ceilings)}
             else 0
           end as ok
  )`;
// The final select must read `checked` first, as the outer side of a left join. Beside an empty CTE it would not run.

/** Compared under the lock: nobody else can add to the owner's deliveries before the commit. */
const tooMany = (ceilings: string) => {
  const passed = `from hd where hd.before > (${ceilings} ->> hd.owner_id::text)::bigint`;
  return `when exists (select ${passed}) then too_many_pending((select owner_id ${passed} limit 1))`;
};

/** After the log is locked, and all of them new rows: so places are in the order of the commits, and wait for nobody. */
const placed = (strict: string) => `placed as (
    insert into strict_place (owner_id, delivery_id, endpoint_id, position)
    select owner_id, delivery_id, endpoint_id, position from logged
     where endpoint_id = any(${strict}) and status = 'PENDING'
    returning 1
  ),`;

/**
 * Counts finished deliveries by the minute of their creation. Rows are in key order, so that two batches cannot
 * deadlock.
 */
export const statTail = `
  stat as (
    insert into endpoint_stat as s
      (owner_id, endpoint_id, minute, succeeded, failed, last_success_at, last_failure_at)
    select owner_id, endpoint_id, minute_of(id),
           count(*) filter (where status = 'SUCCEEDED'), count(*) filter (where status <> 'SUCCEEDED'),
           max(now()) filter (where status = 'SUCCEEDED'), max(now()) filter (where status <> 'SUCCEEDED')
      from del where status in ('SUCCEEDED', 'FAILED', 'DEAD_LETTER')
     group by 1, 2, 3 order by 1, 2, 3
    on conflict (owner_id, endpoint_id, minute) do update set
      succeeded = s.succeeded + excluded.succeeded,
      failed = s.failed + excluded.failed,
      last_success_at = greatest(s.last_success_at, excluded.last_success_at),
      last_failure_at = greatest(s.last_failure_at, excluded.last_failure_at)
    returning 1
  )`;
