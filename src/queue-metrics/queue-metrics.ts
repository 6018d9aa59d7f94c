import { Gauge, type Registry } from 'prom-client';
import type { Database } from '../db/pool.ts';
import { run, statement } from '../db/statement.ts';
import { messageOf } from '../errors.ts';
import { type Logger, warnAtTimes } from '../log.ts';
import { Loop } from '../loop.ts';

/**
 * Why a delivery waits: its status, unless its endpoint is paused, its endpoint's circuit is open, or its endpoint has a
 * pace of its own, which is a strict order or a rate.
 */
const states = ['PENDING', 'DELIVERING', 'RETRYING', 'PAUSED', 'CIRCUIT_OPEN', 'OWN_PACE'] as const;
/** The states of deliveries for which nothing but the workers can be to blame if they are late. */
const sentAtOnce: readonly State[] = ['PENDING', 'RETRYING'];
type State = (typeof states)[number];

type Measured = Readonly<{
  state: State;
  deliveries: number;
  oldest_seconds: number;
  /** The same for the endpoints to which nothing is being sent. */
  unserved_seconds: number;
}>;

const nothing = (state: State): Measured => ({
  ...{ state, deliveries: 0, oldest_seconds: 0, unserved_seconds: 0 },
});

const everyMs = 15_000;
/** A count that took long is repeated only after this multiple of its time, so that it takes a twentieth of it at most. */
const restAfterCount = 20;

/**
 * The queue at /metrics. Each worker counts the shards that it holds, so the sum over all workers is the whole queue, and
 * no row is counted twice. A count reads the index entries of these shards: 1,000,000 waiting deliveries take a part of
 * a second. So it is not done at each scrape, but every 15 seconds, or more rarely if it takes long.
 */
export class QueueMetrics {
  readonly #database: Database;
  readonly #logger: Logger;
  readonly #heldShards: () => readonly number[];
  readonly #loop = new Loop({ round: () => this.#round(), onError: (error) => this.#onError(error) });
  #measured: readonly Measured[] = [];

  constructor(options: {
    database: Database;
    logger: Logger;
    registry: Registry;
    heldShards: () => readonly number[];
  }) {
    this.#database = options.database;
    this.#logger = options.logger;
    this.#heldShards = options.heldShards;
    this.#gauge(options.registry, {
      name: 'heliograph_due_deliveries',
      help: 'Deliveries that are not finished, in the shards of this worker, by the reason why they wait.',
      read: ({ deliveries }) => deliveries,
    });
    this.#gauge(options.registry, {
      name: 'heliograph_due_oldest_seconds',
      help: 'For how long the oldest of them has been due; 0 if none is due yet.',
      read: ({ oldest_seconds }) => oldest_seconds,
    });
    const measured = () => this.#measured;
    new Gauge({
      name: 'heliograph_due_unserved_seconds',
      help: 'For how long the oldest PENDING or RETRYING delivery has been due of an endpoint to which nothing is being sent. A long queue of an endpoint that is served does not count.',
      registers: [options.registry],
      collect() {
        const late = measured().filter(({ state }) => sentAtOnce.includes(state));
        this.set(Math.max(0, ...late.map(({ unserved_seconds }) => unserved_seconds)));
      },
    });
  }

  start(): void {
    this.#loop.start();
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  async measure(): Promise<void> {
    const rows = await run<Measured>(this.#database, this.#database.api, countStatement, [
      [...this.#heldShards()],
    ]);
    const found = new Map(rows.map((row) => [row.state, row]));
    this.#measured = states.map((state) => found.get(state) ?? nothing(state));
  }

  async #round(): Promise<number> {
    const startedAt = performance.now();
    await this.measure();
    return Math.max(everyMs, (performance.now() - startedAt) * restAfterCount);
  }

  /** Old figures would hide that nothing is known. */
  #onError(error: unknown): number {
    this.#measured = [];
    warnAtTimes(this.#logger, { error: messageOf(error) }, 'could not count the queue, trying again');
    return everyMs;
  }

  #gauge(
    registry: Registry,
    { name, help, read }: { name: string; help: string; read: (measured: Measured) => number },
  ): void {
    const measured = () => this.#measured;
    new Gauge({
      name,
      help,
      labelNames: ['state'],
      registers: [registry],
      collect() {
        this.reset();
        for (const one of measured()) this.set({ state: one.state }, read(one));
      },
    });
  }
}

const countStatement = statement(
  'count_queue',
  `select case when e.paused_at is not null then 'PAUSED'
               when h.circuit is not null and h.circuit <> 'CLOSED' then 'CIRCUIT_OPEN'
               when e.strict_boundary is not null or e.max_deliveries_per_second is not null then 'OWN_PACE'
               else q.status end as state,
          sum(q.n)::integer as deliveries,
          greatest(0, extract(epoch from clock_timestamp() - min(q.due_at)))::float8 as oldest_seconds,
          coalesce(greatest(0, extract(epoch from clock_timestamp() - min(q.due_at) filter (where not q.is_served))),
                   0)::float8 as unserved_seconds
     from (select d.owner_id, d.endpoint_id, d.status, count(*) as n, min(d.due_at) as due_at,
                  bool_or(bool_or(d.claim is not null)) over (partition by d.owner_id, d.endpoint_id) as is_served
             from due d where d.shard = any($1::smallint[])
            group by d.owner_id, d.endpoint_id, d.status) q
     left join endpoint e on e.owner_id = q.owner_id and e.id = q.endpoint_id
     left join endpoint_health h on h.owner_id = q.owner_id and h.endpoint_id = q.endpoint_id
    group by 1`,
);
