import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/pool.ts';
import { run, runComposed, statement } from '../db/statement.ts';
import { firstUuidAt, highestUuid, lowestUuid } from '../ids.ts';
import type { Tables } from '../tables.ts';

/**
 * The order of an endpoint that sends one delivery at a time (`strict_boundary`).
 *
 * The head is the one delivery that may be claimed: the first of those that still have a row in `due`. It stays the
 * head while it waits for its next attempt, and until its end is committed; so nothing passes it, whoever claims, and
 * no two are ever claimed together. The order is:
 *
 * 1. what was created before the setting was made, by id;
 * 2. what was created since, by its place: the position of its creation in the owner's log, so in the order of the
 *    commits. The statement that creates a delivery writes its place after it has locked the log.
 *
 * Whoever had planned a delivery when the setting was made gives it no place, and may commit it a little later: the
 * boundary of what goes first lies `boundaryMs` ahead, and what has a place from after the setting is not counted
 * among it. What is created without a place later still, by a process of an earlier release for instance, is given
 * one within a minute (`keepPlaces`).
 */
const boundaryMs = 15_000;

/** The boundary for a setting that is made now. */
export const strictBoundaryAt = (now: number): string => firstUuidAt(now + boundaryMs);

const highest = `'${highestUuid}'::uuid`;

const isAmong = (table: string, lane: string, from: string, to: string) =>
  `(${table}.owner_id, ${table}.endpoint_id, ${table}.delivery_id) >= (${lane}.owner_id, ${lane}.endpoint_id, ${from})
         and (${table}.owner_id, ${table}.endpoint_id, ${table}.delivery_id) <= (${lane}.owner_id, ${lane}.endpoint_id, ${to})`;

const hasKey = (table: string, row: string) =>
  `(${table}.owner_id, ${table}.delivery_id) >= (${row}.owner_id, ${row}.delivery_id)
           and (${table}.owner_id, ${table}.delivery_id) <= (${row}.owner_id, ${row}.delivery_id)`;

/** The id of the head, as an expression over a row that has owner_id, endpoint_id, strict_boundary and strict_head. */
export const headOf = (lane: string) => `coalesce(
      (select d.delivery_id from due d
        where ${isAmong('d', lane, `'${lowestUuid}'::uuid`, `${lane}.strict_boundary`)}
          and not exists (select from strict_place p where ${hasKey('p', 'd')} and p.position > ${lane}.strict_head)
        order by d.owner_id, d.endpoint_id, d.delivery_id limit 1),
      (select p.delivery_id from strict_place p
        where (p.owner_id, p.endpoint_id, p.position) > (${lane}.owner_id, ${lane}.endpoint_id, ${lane}.strict_head)
          and (p.owner_id, p.endpoint_id) <= (${lane}.owner_id, ${lane}.endpoint_id)
          and exists (select from due d where ${hasKey('d', 'p')})
        order by p.owner_id, p.endpoint_id, p.position, p.delivery_id limit 1),
      (select d.delivery_id from due d
        where ${isAmong('d', lane, `${lane}.strict_boundary`, highest)}
        order by d.owner_id, d.endpoint_id, d.delivery_id limit 1))`;

/** A claim takes away so many places whose deliveries have ended, from the front: one is what it left itself. */
const sweptAtOnce = 20;

/** Places at the front of each lane of the CTE `lane` whose deliveries have ended are removed by the CTE `swept`. */
export const sweptPlaces = `
  ended as materialized (
    select p.place_at
      from lane
     cross join lateral (
       select p.ctid as place_at, p.owner_id, p.delivery_id from strict_place p
        where (p.owner_id, p.endpoint_id) >= (lane.owner_id, lane.endpoint_id)
          and (p.owner_id, p.endpoint_id) <= (lane.owner_id, lane.endpoint_id)
        order by p.owner_id, p.endpoint_id, p.position, p.delivery_id
        limit ${sweptAtOnce}) p
     where lane.strict_boundary is not null and not exists (select from due d where ${hasKey('d', 'p')})
  ),
  swept as (
    delete from strict_place p using ended where p.ctid = ended.place_at returning 1
  )`;

const headsStatement = statement(
  'strict_heads',
  `select e.id as endpoint_id, ${headOf('lane')} as delivery_id
     from unnest($2::uuid[]) as x(endpoint_id)
     join endpoint e on e.owner_id = $1 and e.id = x.endpoint_id and e.strict_boundary is not null
    cross join lateral (select e.owner_id, e.id as endpoint_id, e.strict_boundary, e.strict_head) lane`,
  { owner: 1, returns: 'endpoint_id uuid, delivery_id uuid' },
);

/** The delivery that has to end first, of those of the endpoints that are ordered strictly and have one. */
export async function findHeads(
  db: Database,
  ownerId: string,
  endpointIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await run<{ endpoint_id: string; delivery_id: string | null }>(db, db.api, headsStatement, [
    ownerId,
    endpointIds,
  ]);
  return new Map(
    rows.flatMap((row) => (row.delivery_id === null ? [] : [[row.endpoint_id, row.delivery_id]])),
  );
}

/** Each of the lanes that is ordered strictly. */
const strictLanes = `select e.owner_id, e.id as endpoint_id, e.strict_boundary
       from unnest($1::uuid[], $2::uuid[]) as x(owner_id, endpoint_id)
      cross join lateral (
        select * from endpoint
         where (owner_id, id) >= (x.owner_id, x.endpoint_id) and (owner_id, id) <= (x.owner_id, x.endpoint_id)
         order by owner_id, id limit 1) e
      where e.strict_boundary is not null`;

const placeStatement = statement(
  'place_stragglers',
  `with lane as materialized (
     ${strictLanes}
   )
   insert into strict_place (owner_id, delivery_id, endpoint_id, position)
   select d.owner_id, d.delivery_id, d.endpoint_id, l.head
     from lane
     join owner_log l on l.owner_id = lane.owner_id
    cross join lateral (
      select d.owner_id, d.delivery_id, d.endpoint_id from due d
       where ${isAmong('d', 'lane', 'lane.strict_boundary', highest)}
         and not exists (select from strict_place p where ${hasKey('p', 'd')})) d
   on conflict (owner_id, delivery_id) do nothing`,
  { owners: [[1, 2]], returns: '' },
);

const sweepStatement = statement(
  'sweep_places',
  `with lane as materialized (
     ${strictLanes}
   )
   delete from strict_place s using lane
    cross join lateral (
      select p.ctid as place_at from strict_place p
       where (p.owner_id, p.endpoint_id) >= (lane.owner_id, lane.endpoint_id)
         and (p.owner_id, p.endpoint_id) <= (lane.owner_id, lane.endpoint_id)
         and not exists (select from due d where ${hasKey('d', 'p')})
         -- A claim that sweeps the same lanes in another order does not wait for this one.
         for update skip locked) gone
    where s.ctid = gone.place_at`,
  { owners: [[1, 2]], returns: '' },
);

const forgottenAtOnce = 5_000;

/**
 * Removes the places of an endpoint that is not ordered strictly any more, or was deleted. Those of a new order, which
 * may have begun meanwhile, stay.
 */
export async function forgetPlaces(
  db: Kysely<Tables>,
  { ownerId, endpointId }: Readonly<{ ownerId: string; endpointId: string }>,
): Promise<void> {
  for (;;) {
    const query = sql<{ removed: number }>`
      delete from strict_place
       where owner_id = ${ownerId} and ctid = any(array(
         select p.ctid from strict_place p
           join endpoint e on e.owner_id = p.owner_id and e.id = p.endpoint_id
          where p.owner_id = ${ownerId} and p.endpoint_id = ${endpointId}
            and (e.strict_boundary is null or e.deleted_at is not null or p.position <= e.strict_head)
          limit ${forgottenAtOnce}))
       returning 1 as removed`.compile(db);
    const removed = await runComposed(db, {
      name: 'forget_places',
      query,
      ownerId,
      returns: 'removed integer',
    });
    if (removed.length < forgottenAtOnce) return;
  }
}

/**
 * Looks after the order of those lanes that are ordered strictly: gives a place, behind all that are there, to what has
 * none, and takes away what deliveries that ended together (a purge) have left.
 */
export async function keepPlaces(
  db: Database,
  lanes: readonly { owner_id: string; endpoint_id: string }[],
): Promise<void> {
  const values = [lanes.map((lane) => lane.owner_id), lanes.map((lane) => lane.endpoint_id)];
  await run(db, db.engine, placeStatement, values);
  await run(db, db.engine, sweepStatement, values);
}
