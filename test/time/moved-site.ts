import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { Site } from '../faults/site.ts';
import { moveClock, realNow } from './clock.mjs';

const clock = fileURLToPath(new URL('clock.mjs', import.meta.url));
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

  private constructor(site: Site) {
    this.site = site;
  }

  static async open(environment: Readonly<Record<string, string>> = {}): Promise<MovedSite> {
    const site = await Site.open({
      workers: 1,
      tokenSeconds,
      environment: {
        NODE_OPTIONS: `--import ${clock}`,
        CLOCK_FILE: process.env.CLOCK_FILE ?? '',
        CRON_SECRET: 'a-secret-of-the-drill',
        ...environment,
      },
      prepare: async (url) => {
        const client = new pg.Client({ connectionString: url });
        await client.connect();
        await client.query(movable);
        await client.end();
      },
    });
    return new MovedSite(site);
  }

  /** Sets every clock. Processes that run notice it as a host notices that its clock was set. */
  async setClock(to: number): Promise<void> {
    const aheadMs = to - realNow();
    moveClock(aheadMs);
    await this.site.sql('update clock.ahead set ms = $1', [aheadMs]);
    for (const role of ['api', 'worker'] as const)
      for (const { pid } of this.site.running(role)) process.kill(pid, 'SIGUSR2');
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

  /** Runs a periodic job now. */
  async job(name: string): Promise<void> {
    const { origin } = this.site.one('api');
    const response = await fetch(`${origin}/internal/cron/${name}`, {
      method: 'POST',
      headers: { authorization: 'Bearer a-secret-of-the-drill', 'idempotency-key': `drill ${realNow()}` },
    });
    if (response.status !== 200) throw new Error(`${name}: ${response.status} ${await response.text()}`);
  }
}
