import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { type Fault, Skipped } from './fault.ts';
import { type Site, within } from './site.ts';

/** The database dies, refuses connections, fills up, or takes locks in the wrong order. */
export const restartDatabase: Fault = {
  name: 'PostgreSQL restart -m immediate, twice, each on another port',
  mayDuplicate: true,
  async act({ site, blame }) {
    for (let times = 0; times < 2; times += 1) {
      await site.postgres.stop('immediate');
      await site.postgres.start();
      await site.reconnect();
      if (!(await within(15_000, () => isReady(site)))) blame('not ready 15 s after the restart');
      await delay(2_000);
    }
  },
};

export const stopDatabase: Fault = {
  name: 'PostgreSQL stopped for 5 s',
  mayDuplicate: true,
  async act({ site, blame }) {
    await site.postgres.stop('fast');
    await delay(2_500);
    if (await isReady(site)) blame('ready without a database');
    await delay(2_500);
    await site.postgres.start();
    await site.reconnect();
    if (!(await within(15_000, () => isReady(site)))) blame('not ready 15 s after the start');
  },
};

export const terminateBackends = (times: number): Fault => ({
  name: `all backends terminated, ${times} times`,
  mayDuplicate: true,
  async act({ site }) {
    for (let done = 0; done < times; done += 1) {
      await terminateAll(site);
      await delay(700);
    }
  },
});

export const crossedLocks: Fault = {
  name: 'deadlocks and serialization failures',
  mayDuplicate: false,
  async act({ site, blame }) {
    // Statements on the log fail at random, as with a stricter isolation level.
    await site.sql(`create or replace function fail_at_random() returns trigger language plpgsql as $$
      begin
        if random() < 0.15 then raise exception 'injected' using errcode = '40001'; end if;
        return null;
      end $$`);
    await site.sql(
      `create trigger injected after insert on delivery_log for each statement execute function fail_at_random()`,
    );
    let deadlocks = 0;
    const session = await site.session();
    try {
      const until = performance.now() + 8_000;
      // It locks the log first, and then what all our statements lock before it.
      while (performance.now() < until) {
        await session.query('begin');
        try {
          await session.query('select from owner_log order by owner_id desc for update');
          await delay(30);
          await session.query(
            'update due set claimed_at = claimed_at where delivery_id in (select delivery_id from due limit 50)',
          );
        } catch (error) {
          if (!isDeadlock(error)) throw error;
          deadlocks += 1;
        }
        await session.query('rollback');
        await delay(20);
      }
    } finally {
      await session.end();
      await site.sql('drop trigger injected on delivery_log');
    }
    const [row] = await site.sql<{ deadlocks: number }>(
      'select deadlocks::int from pg_stat_database where datname = current_database()',
    );
    if ((row?.deadlocks ?? 0) + deadlocks === 0) blame('no deadlock came about: nothing was proven');
  },
};

export const notifyQueueFull: Fault = {
  name: 'NOTIFY queue full',
  mayDuplicate: false,
  async act({ site, blame }) {
    // A listener in a transaction that stays open prevents the queue from being emptied.
    const sleeper = await site.session();
    await sleeper.query('listen elsewhere');
    await sleeper.query('begin');
    await sleeper.query('select 1');
    const filler = await site.session();
    const isFull = await fill(filler);
    if (!isFull) blame('the queue could not be filled: nothing was proven');
    await delay(4_000);
    await sleeper.query('rollback');
    await sleeper.end();
    await filler.end();
    await delay(1_000);
  },
};

export const tooManyConnections: Fault = {
  name: 'too many connections',
  mayDuplicate: true,
  async act({ site }) {
    const taken: pg.Client[] = [];
    const take = async () => {
      try {
        for (;;) taken.push(await site.session());
      } catch {
        // There is no more free space.
      }
    };
    await take();
    const [killer] = taken;
    // The program's own connections are ended, and others take their place before it has them back.
    for (let times = 0; times < 8; times += 1) {
      await killer?.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'heliograph'`,
      );
      await take();
      await delay(300);
    }
    await delay(3_000);
    for (const session of taken) await session.end();
  },
};

const marginBytes = 6 * 1024 * 1024;

export const diskFull: Fault = {
  name: 'disk full for 5 s',
  mayDuplicate: true,
  async act({ site, blame }) {
    const tables = await growingTables(site);
    const [size] = await site.sql<{ bytes: number }>(
      'select sum(pg_total_relation_size(t::regclass))::float8 as bytes from unnest($1::text[]) t',
      [tables],
    );
    const disk = mountDisk((size?.bytes ?? 0) + marginBytes * 2);
    try {
      await site.sql(`create tablespace faults location '${disk.folder}'`);
      for (const table of tables) await move(site, table, 'faults');
      const junk = join(disk.path, 'junk');
      const { bavail, bsize } = statfsSync(disk.path);
      try {
        writeFileSync(junk, Buffer.alloc(bavail * bsize));
      } catch (error) {
        // The tables have grown meanwhile, so that the disk is full before the file is written.
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
      }
      await delay(5_000);
      const said = [...site.running('api'), ...site.running('worker')].some((server) =>
        server.output().includes('No space left on device'),
      );
      if (!said) blame('nobody was told that the disk is full: nothing was proven');
      truncateSync(junk, 0);
      await delay(1_000);
    } finally {
      for (const table of tables) await move(site, table, 'pg_default');
      await site.sql('drop tablespace if exists faults');
      disk.unmount();
    }
  },
};

/** The tables that every publish and every attempt make longer. */
async function growingTables(site: Site): Promise<string[]> {
  const rows = await site.sql<{ name: string }>(
    `select relname as name from pg_class
      where relkind = 'r' and relname ~ ('^(event|attempt|delivery_log)_' || to_char(now() at time zone 'UTC', 'YYYYMMDD') || '$')`,
  );
  return rows.map(({ name }) => name);
}

async function move(site: Site, table: string, tablespace: string): Promise<void> {
  // Behind running statements it would wait, and everybody else behind it, so it is tried again instead.
  await within(20_000, async () => {
    try {
      await site.sql(
        `set lock_timeout = '2s'; alter table ${table} set tablespace ${tablespace}; reset lock_timeout`,
      );
      return true;
    } catch {
      return false;
    }
  });
}

function mountDisk(bytes: number): { path: string; folder: string; unmount(): void } {
  const path = mkdtempSync(join(tmpdir(), 'heliograph-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${Math.ceil(bytes)}`, 'tmpfs', path], {
      stdio: 'pipe',
    });
  } catch {
    rmSync(path, { recursive: true, force: true });
    throw new Skipped('a small disk of memory cannot be mounted here');
  }
  const folder = join(path, 'tablespace');
  mkdirSync(folder);
  return {
    path,
    folder,
    unmount() {
      execFileSync('umount', [path], { stdio: 'pipe' });
      rmSync(path, { recursive: true, force: true });
    },
  };
}

async function terminateAll(site: Site): Promise<void> {
  await site.sql(
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'heliograph'`,
  );
}

async function fill(filler: pg.Client): Promise<boolean> {
  try {
    for (let sent = 0; sent < 100_000; sent += 1) {
      await filler.query(`select pg_notify('elsewhere', $1)`, ['x'.repeat(7_900)]);
    }
    return false;
  } catch {
    return true;
  }
}

async function isReady(site: Site): Promise<boolean> {
  const { origin } = site.one('api');
  const response = await fetch(`${origin}/readyz`, { signal: AbortSignal.timeout(4_000) });
  return response.ok;
}

const isDeadlock = (error: unknown) => error instanceof Error && 'code' in error && error.code === '40P01';
