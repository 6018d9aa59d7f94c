import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { directClient, pinSettings } from '../db/direct-client.ts';
import { messageOf } from '../errors.ts';
import { mintUuid } from '../ids.ts';
import { type Logger, warnAtTimes } from '../log.ts';
import { Loop } from '../loop.ts';
import { shards } from '../status/shard.ts';

/**
 * Assigns endpoints to workers.
 *
 * 64 shards are distributed among the workers by leases in the database, by the database's clock. Each worker holds
 * its fair share, renews it once a second over a separate connection, gives surplus shards to new workers, and hands
 * all back when it stops. The epoch of a lease increases whenever it changes hands, and claims of older epochs are
 * void.
 *
 * When is a worker dead? When its lease has expired, or when it has not been seen for 3 seconds and its advisory lock
 * is gone, which PostgreSQL releases as soon as the process dies. A paused process keeps its lock, so the others wait
 * until its lease expires. After a restart of the server nobody has a lock, so the second rule is not used for its
 * first 10 seconds.
 *
 * A lease is longer than an attempt can last. After its own monotonic deadline, counted from before the renewal was
 * sent, a worker begins nothing that could outlive the lease (`timeLeftMs`). A worker that is wrong about all this
 * still does no harm, because its claims are fenced.
 */
const tickMs = 1_000;
const deadAfterMs = 3_000;
const reconnectMs = 200;

export class Leases {
  readonly workerId = mintUuid();
  readonly #lockKey = randomBytes(8).readBigInt64BE();
  readonly #options: LeaseOptions;
  readonly #held = new Map<number, { epoch: number; deadline: number; surrendered: boolean }>();
  #client: pg.Client | undefined;
  #hasLock = false;
  #draining = false;
  readonly #loop = new Loop({ round: () => this.#round(), onError: (error) => this.#onError(error) });

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  start(): void {
    this.#loop.start();
  }

  /** The epoch under which the shard may be claimed; undefined if we do not hold it or are handing it over. */
  epochOf(shard: number): number | undefined {
    const lease = this.#held.get(shard);
    return lease === undefined || lease.surrendered ? undefined : lease.epoch;
  }

  /** How long we certainly hold the shard. */
  timeLeftMs(shard: number): number {
    return (this.#held.get(shard)?.deadline ?? 0) - performance.now();
  }

  heldShards(): number[] {
    return [...this.#held.keys()];
  }

  /** Takes no more shards. Those that we hold are renewed until `release`. */
  surrenderAll(): void {
    for (const lease of this.#held.values()) lease.surrendered = true;
    this.#draining = true;
  }

  /** Hands everything back and ends. It is safe to call it twice. */
  async stop(): Promise<void> {
    await this.#loop.stop();
    const client = this.#client;
    this.#client = undefined;
    if (client === undefined) return;
    try {
      await client.query(`update shard_lease set holder = null, expires_at = now() where holder = $1`, [
        this.workerId,
      ]);
      await client.query('delete from worker where id = $1', [this.workerId]);
    } catch (error) {
      this.#options.logger.warn({ error: messageOf(error) }, 'could not hand back leases, which will expire');
    }
    this.#held.clear();
    await client.end().catch(() => undefined);
  }

  async #round(): Promise<number> {
    await this.#tick(await this.#connected());
    return tickMs;
  }

  #onError(error: unknown): number {
    warnAtTimes(
      this.#options.logger,
      { error: messageOf(error) },
      'lost the connection that holds the leases',
    );
    const broken = this.#client;
    this.#client = undefined;
    broken?.end().catch(() => undefined);
    this.#dropExpired();
    return reconnectMs;
  }

  async #connected(): Promise<pg.Client> {
    if (this.#client !== undefined) return this.#client;
    const client = directClient(this.#options.url);
    client.on('end', () => {
      if (this.#client === client) this.#client = undefined;
    });
    try {
      await client.connect();
      await pinSettings(client, 5_000);
    } catch (error) {
      client.end().catch(() => undefined);
      throw error;
    }
    this.#hasLock = false;
    this.#client = client;
    return client;
  }

  async #tick(client: pg.Client): Promise<void> {
    await this.#renew(client);
    await this.#lock(client);
    const alive = await this.#countWorkers(client);
    const share = Math.ceil(shards / alive);
    await this.#handOver(client, share);
    if (!this.#draining && this.#held.size < share) await this.#acquire(client, share - this.#held.size);
  }

  /** It never waits, because a connection that a broken network left behind may hold our lock for a while. */
  async #lock(client: pg.Client): Promise<void> {
    if (this.#hasLock) return;
    const { rows } = await client.query<{ locked: boolean }>('select pg_try_advisory_lock($1) as locked', [
      this.#lockKey,
    ]);
    this.#hasLock = rows[0]?.locked === true;
  }

  async #renew(client: pg.Client): Promise<void> {
    const sentAt = performance.now();
    const { rows } = await client.query<{ shard: number; epoch: number }>(
      `update shard_lease set expires_at = now() + $2 * interval '1 millisecond'
        where holder = $1 and expires_at > now() returning shard, epoch`,
      [this.workerId, this.#options.leaseMs],
    );
    const renewed = new Map(rows.map(({ shard, epoch }) => [shard, epoch]));
    for (const [shard, lease] of this.#held) {
      if (renewed.get(shard) === lease.epoch) lease.deadline = sentAt + this.#options.leaseMs;
      else this.#lose(shard);
    }
    // The database says that we hold it, but we gave it up after an error, so nobody else would handle it.
    for (const [shard, epoch] of renewed) {
      if (!this.#held.has(shard)) this.#gain(shard, epoch, sentAt);
    }
  }

  async #countWorkers(client: pg.Client): Promise<number> {
    await client.query(
      `insert into worker (id, lock_key, seen_at) values ($1, $2, now())
       on conflict (id) do update set seen_at = excluded.seen_at`,
      [this.workerId, this.#lockKey],
    );
    await client.query(
      `with dead as (
         delete from worker w
          where w.id <> $1
            and (w.seen_at < now() - $2 * interval '1 millisecond'
              or (w.seen_at < now() - $3 * interval '1 millisecond'
                and pg_postmaster_start_time() < now() - interval '10 seconds'
                and not exists (
                  select from pg_locks l
                   where l.locktype = 'advisory' and l.granted and l.objsubid = 1
                     and l.database = (select oid from pg_database where datname = current_database())
                     and (l.classid::bigint << 32) | l.objid::bigint = w.lock_key)))
         returning id
       )
       update shard_lease set expires_at = now() where holder in (select id from dead)`,
      [this.workerId, this.#options.leaseMs, deadAfterMs],
    );
    const { rows } = await client.query<{ n: number }>('select count(*)::integer as n from worker');
    return Math.max(1, rows[0]?.n ?? 1);
  }

  /** Marks the shards above our share, and hands back marked shards that have no running attempts. */
  async #handOver(client: pg.Client, share: number): Promise<void> {
    const kept = [...this.#held].filter(([, lease]) => !lease.surrendered);
    for (const [, lease] of kept.slice(share)) lease.surrendered = true;
    const ready = [...this.#held]
      .filter(([shard, lease]) => lease.surrendered && this.#options.isIdle(shard))
      .map(([shard]) => shard);
    if (ready.length === 0) return;
    for (const shard of ready) this.#lose(shard);
    await client.query(
      'update shard_lease set holder = null, expires_at = now() where holder = $1 and shard = any($2)',
      [this.workerId, ready],
    );
  }

  async #acquire(client: pg.Client, wanted: number): Promise<void> {
    const sentAt = performance.now();
    const { rows } = await client.query<{ shard: number; epoch: number }>(
      `update shard_lease l
          set holder = $1, epoch = l.epoch + 1, expires_at = now() + $2 * interval '1 millisecond'
         from (select shard from shard_lease where holder is null or expires_at <= now()
                order by random() limit $3 for update skip locked) free
        where l.shard = free.shard
       returning l.shard, l.epoch`,
      [this.workerId, this.#options.leaseMs, wanted],
    );
    for (const { shard, epoch } of rows) {
      this.#gain(shard, epoch, sentAt);
    }
  }

  #gain(shard: number, epoch: number, sentAt: number): void {
    this.#held.set(shard, { epoch, deadline: sentAt + this.#options.leaseMs, surrendered: this.#draining });
    this.#options.onGained(shard);
  }

  #dropExpired(): void {
    for (const shard of [...this.#held.keys()]) {
      if (this.timeLeftMs(shard) <= 0) this.#lose(shard);
    }
  }

  #lose(shard: number): void {
    this.#held.delete(shard);
    this.#options.onLost(shard);
  }
}

export type LeaseOptions = Readonly<{
  /** A connection without a pooler. */
  url: string;
  logger: Logger;
  /** Longer than an attempt can last. */
  leaseMs: number;
  onGained(shard: number): void;
  onLost(shard: number): void;
  /** Whether the shard has no running attempts. */
  isIdle(shard: number): boolean;
}>;
