import type { Places } from '../db/places.ts';
import type { Database } from '../db/pool.ts';
import { run, statement } from '../db/statement.ts';
import { beginning, type Cursor } from '../lanes/lane.ts';
import { headOf } from '../status/strict-order.ts';
import { startOf, type Take } from './claim.ts';

/**
 * Claims whose answer was lost, by a reset or a dead network after the commit. If the claim was committed, its rows
 * are held under our own epoch and nobody sends them. They would wait until the lease changes hands.
 *
 * So these lanes are checked again soon, and once more when the server must have ended the statement. Rows that are
 * claimed under our epoch but not running here are freed. It runs between two claims, never beside one.
 */
const looksAfterMs = [500, 6_000] as const;
/**
 * A claim takes the first free rows after its start. Up to this many other rows, running or lost, may be between
 * them.
 */
const rowsPerLane = 1_000;

const freeStatement = statement(
  'free_lost_claims',
  `with lane as (
     select * from unnest($1::smallint[], $2::uuid[], $3::timestamptz[], $4::uuid[], $5::bigint[], $8::uuid[])
       as l(shard, endpoint_id, from_at, from_id, epoch, owner_id)
   ),
   found as materialized (
     select p.owner_id, p.delivery_id, lane.epoch
       from lane
       join shard_lease s on s.shard = lane.shard and s.epoch = lane.epoch and s.holder = $6
      cross join lateral (
        select d.owner_id, d.delivery_id, d.claim from due d
         where d.shard = lane.shard
           and (d.endpoint_id, d.due_at, d.delivery_id) >= (lane.endpoint_id, lane.from_at, lane.from_id)
           and (d.endpoint_id, d.due_at) <= (lane.endpoint_id, now())
         order by d.endpoint_id, d.due_at, d.delivery_id
         limit ${rowsPerLane}) p
      where p.claim = lane.epoch and p.delivery_id <> all($7::uuid[])
      union
     -- The one that a strict order lets through may be due later than any number of those that wait behind it.
     select d.owner_id, d.delivery_id, lane.epoch
       from lane
       join shard_lease s on s.shard = lane.shard and s.epoch = lane.epoch and s.holder = $6
      cross join lateral (
        select owner_id, id as endpoint_id, strict_boundary, strict_head from endpoint
         where owner_id = lane.owner_id and id = lane.endpoint_id and strict_boundary is not null) e
      cross join lateral (select ${headOf('e')} as delivery_id) h
       join due d on d.owner_id = lane.owner_id and d.delivery_id = h.delivery_id
      where d.claim = lane.epoch and d.delivery_id <> all($7::uuid[])
   ),
   held as materialized (
     select d.row_at
       from (select * from found order by owner_id, delivery_id) f
      cross join lateral (
        select due.ctid as row_at from due
         where (due.owner_id, due.delivery_id) >= (f.owner_id, f.delivery_id)
           and (due.owner_id, due.delivery_id) <= (f.owner_id, f.delivery_id) and due.claim = f.epoch
         order by due.owner_id, due.delivery_id
         limit 1
           for update) d
   )
   -- One that was under way with an earlier holder is still to be recorded as interrupted.
   update due d set claim = case when d.status = 'DELIVERING' then 0 end from held h
    where d.ctid = h.row_at
   returning d.owner_id, d.endpoint_id, d.due_at, d.delivery_id`,
  {
    owners: [[8, 1, 2, 3, 4, 5]],
    returns: 'owner_id uuid, endpoint_id uuid, due_at timestamptz, delivery_id uuid',
  },
);

export type FreedRow = { owner_id: string; endpoint_id: string; due_at: Date; delivery_id: string };

type LostTake = { take: Take; from: Cursor; lostAt: number; looks: number };

export class LostClaims {
  /**
   * By endpoint: however long the database is unavailable, there are no more than there are lanes. A probe may be
   * anywhere in its lane and is kept apart; without the database no probe is chosen.
   */
  readonly #lost = new Map<string, LostTake>();

  note(takes: readonly Take[], now: number): void {
    for (const take of takes) {
      const key = keyOf(take);
      const before = this.#lost.get(key);
      const from =
        before?.take.epoch === take.epoch ? before.from : take.lane.isStrict ? beginning : startOf(take);
      this.#lost.set(key, { take, from, lostAt: now, looks: 0 });
    }
  }

  /**
   * Frees the lost claims that it finds for lanes whose time has come. `underWay`: the deliveries that this process
   * is sending.
   */
  async free(
    db: Database,
    workerId: string,
    options: { places: Places; underWay: () => readonly string[]; now: number },
  ): Promise<readonly FreedRow[]> {
    const ready = [...this.#lost.values()].filter(
      ({ lostAt, looks }) => options.now - lostAt >= (looksAfterMs[looks] ?? 0),
    );
    if (ready.length === 0) return [];
    const freed: FreedRow[] = [];
    await options.places.each(
      ready,
      ({ take }) => take.lane.ownerId,
      async (part) => {
        const rows = await run<FreedRow>(db, db.engine, freeStatement, [
          part.map(({ take }) => take.lane.shard),
          part.map(({ take }) => take.lane.endpointId),
          part.map(({ from }) => from.dueAt),
          part.map(({ from }) => from.deliveryId),
          part.map(({ take }) => take.epoch),
          workerId,
          options.underWay(),
          part.map(({ take }) => take.lane.ownerId),
        ]);
        freed.push(...rows);
        for (const lost of part) {
          lost.looks += 1;
          if (lost.looks >= looksAfterMs.length) this.#lost.delete(keyOf(lost.take));
        }
      },
    );
    return freed;
  }
}

const keyOf = ({ lane, aim }: Take) =>
  aim === undefined ? lane.endpointId : `${lane.endpointId} ${aim.deliveryId}`;
