import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { Cluster } from '../citus/cluster.ts';
import { Site } from '../faults/site.ts';
import { moveClock, realNow } from './clock.mjs';

const clock = fileURLToPath(new URL('clock.mjs', import.meta.url));
const jobWithinMs = 120_000;
/** The tokens of the callers outlast every move. */
const tokenSeconds = 2 * 365 * 86_400;

/**
 * PostgreSQL's clock, moved: functions with the names of its own, which are found first. They are there before the
 * tables, so that defaults use them, too. Nothing of the program knows of it.
 */
const movable = `
  create schema clock;
  create table clock.ahead (ms double precision not null);
  insert into clock.ahead values (0);
  create function clock.now() returns timestamptz language sql stable as
    $$ select pg_catalog.now() + (select ms from clock.ahead) * interval '1 millisecond' $$;
  create function clock.clock_timestamp() returns timestamptz language sql volatile as
    $$ select pg_catalog.clock_timestamp() + (select ms from clock.ahead) * interval '1 millisecond' $$;
  do $$ begin
    execute format('alter database %I set search_path = public, clock, pg_catalog', current_database());
  end $$;`;

/** The place of the drills: a site whose clocks, those of the program and of PostgreSQL, can be moved together. */
export class MovedSite {
  readonly site: Site;
  readonly #cluster: Cluster | undefined;

  private constructor(site: Site, cluster: Cluster | undefined) {
    this.site = site;
    this.#cluster = cluster;
  }

  static async open(environment: Readonly<Record<string, string>> = {}): Promise<MovedSite> {
    const prepare = async (url: string) => {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      await client.query(movable);
      await client.end();
    };
    // On a cluster each node has a clock of its own.
    const { server } = await Cluster.openIfGiven({ prepare });
    const site = await Site.open({
      workers: 1,
      tokenSeconds,
      environment: {
        NODE_OPTIONS: `--import ${clock}`,
        CLOCK_FILE: process.env.CLOCK_FILE ?? '',
        CRON_SECRET: 'a-secret-of-the-drill',
        ...environment,
      },
      ...(server === undefined ? { prepare } : { server }),
    });
    return new MovedSite(site, server);
  }

  /** Sets every clock. */
  async setClock(to: number): Promise<void> {
    const aheadMs = to - realNow();
    moveClock(aheadMs);
    await this.everywhere(`update clock.ahead set ms = ${aheadMs}`);
  }

  /** Runs SQL in the database; on a cluster in the part of each node. */
  async everywhere<Row extends pg.QueryResultRow>(sql: string): Promise<Row[]> {
    return await (this.#cluster === undefined
      ? this.site.sql<Row>(sql)
      : this.#cluster.onEveryNode<Row>(sql));
  }

  async stopAll(): Promise<void> {
    for (const role of ['worker', 'api'] as const)
      for (const server of this.site.running(role)) await this.site.stop(server);
  }

  /** Starts every process anew in a time zone, at this time. */
  async startAt(to: number, timeZone: string): Promise<void> {
    await this.stopAll();
    await this.setClock(to);
    this.site.environment = { ...this.site.environment, TZ: timeZone };
    await this.site.restore();
  }

  /** Runs a periodic job now, or waits for the run that has begun by itself. */
  async job(name: string): Promise<void> {
    const { origin } = this.site.one('api');
    const key = `drill ${realNow()}`;
    const giveUpAt = performance.now() + jobWithinMs;
    for (;;) {
      const response = await fetch(`${origin}/internal/cron/${name}`, {
        method: 'POST',
        headers: { authorization: 'Bearer a-secret-of-the-drill', 'idempotency-key': key },
      });
      if (response.status === 200) return;
      if (response.status !== 202 || performance.now() > giveUpAt)
        throw new Error(`${name}: ${response.status} ${await response.text()}`);
      await delay(100);
    }
  }
}
