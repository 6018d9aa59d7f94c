import { maxAttempts } from '../config.ts';
import type { Database } from '../db/pool.ts';
import { run, statement } from '../db/statement.ts';
import type { Take } from './claim.ts';
import type { Cursor } from './lane.ts';

/**
 * Claims whose answer never came: a reset or a dead network between the commit and us. If the claim was committed,
 * its rows are held under our own epoch and nobody sends them; they would wait until the lease changes hands.
 *
 * So the lanes are looked at again, soon and once more when the server must have ended the statement: what stands
 * there under our epoch, and is not under way here, is free again. Run between two claims, never beside one.
 */
const looksAfterMs = [500, 6_000] as const;
/** A claim takes the first free rows behind the cursor; this many may stand between, under way or lost. */
const rowsPerLane = 1_000;

/** A probe takes the first of the retries with so many attempts. */
const rowsPerAttempts = 100;

const freeStatement = statement(
  'free_lost_claims',
  `with lane as (
     select * from unnest($1::smallint[], $2::uuid[], $3::timestamptz[], $4::uuid[], $5::bigint[], $8::boolean[])
       as l(shard, endpoint_id, from_at, from_id, epoch, was_probe)
   ),
   found as materialized (
     select p.owner_id, p.delivery_id, lane.epoch
       from lane
       join shard_lease s on s.shard = lane.shard and s.epoch = lane.epoch and s.holder = $6
      cross join lateral (
        (select d.owner_id, d.delivery_id, d.claim from due d
          where d.shard = lane.shard and d.endpoint_id = lane.endpoint_id
            and (d.due_at, d.delivery_id) > (lane.from_at, lane.from_id) and d.due_at <= now()
          order by d.due_at, d.delivery_id
          limit ${rowsPerLane})
         union all
        (select r.owner_id, r.delivery_id, r.claim
           from generate_series(1, ${maxAttempts}) as n(attempts)
          cross join lateral (
            select d.owner_id, d.delivery_id, d.claim from due d
             where d.shard = lane.shard and d.endpoint_id = lane.endpoint_id and d.attempt_count > 0
               and d.attempt_count = n.attempts and d.due_at <= now()
             order by d.due_at, d.delivery_id
             limit ${rowsPerAttempts}) r
          where lane.was_probe)) p
      where p.claim = lane.epoch and p.delivery_id <> all($7::uuid[])
   ),
   held as materialized (
     select d.owner_id, d.delivery_id from found f
       join due d on d.owner_id = f.owner_id and d.delivery_id = f.delivery_id
      where d.claim = f.epoch
      order by d.owner_id, d.delivery_id
        for update of d
   )
   -- One that was under way with an earlier holder is still to be recorded as interrupted.
   update due d set claim = case when d.status = 'DELIVERING' then 0 end from held h
    where d.owner_id = h.owner_id and d.delivery_id = h.delivery_id
   returning d.owner_id, d.endpoint_id, d.due_at, d.delivery_id`,
);

export type FreedRow = { owner_id: string; endpoint_id: string; due_at: Date; delivery_id: string };

type LostTake = { take: Take; from: Cursor; wasProbe: boolean; lostAt: number; looks: number };

export class LostClaims {
  /** By endpoint: however long the database is away, no more than there are lanes. */
  readonly #lost = new Map<string, LostTake>();

  note(takes: readonly Take[], now: number): void {
    for (const take of takes) {
      const before = this.#lost.get(take.lane.endpointId);
      const isSame = before?.take.epoch === take.epoch;
      const from = isSame ? before.from : take.lane.cursor;
      const wasProbe = take.isProbe || (isSame && before.wasProbe);
      this.#lost.set(take.lane.endpointId, { take, from, wasProbe, lostAt: now, looks: 0 });
    }
  }

  /** Frees what it finds of those whose time has come. `underWay`: the deliveries that this process is sending. */
  async free(
    db: Database,
    workerId: string,
    options: { underWay: () => readonly string[]; now: number },
  ): Promise<readonly FreedRow[]> {
    const ready = [...this.#lost.values()].filter(
      ({ lostAt, looks }) => options.now - lostAt >= (looksAfterMs[looks] ?? 0),
    );
    if (ready.length === 0) return [];
    const freed = await run<FreedRow>(db, db.engine, freeStatement, [
      ready.map(({ take }) => take.lane.shard),
      ready.map(({ take }) => take.lane.endpointId),
      ready.map(({ from }) => from.dueAt),
      ready.map(({ from }) => from.deliveryId),
      ready.map(({ take }) => take.epoch),
      workerId,
      options.underWay(),
      ready.map(({ wasProbe }) => wasProbe),
    ]);
    for (const lost of ready) {
      lost.looks += 1;
      if (lost.looks >= looksAfterMs.length) this.#lost.delete(lost.take.lane.endpointId);
    }
    return freed;
  }
}
