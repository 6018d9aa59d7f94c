import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/db/embedded-postgres.ts';
import { within } from '../faults/site.ts';
import { ask, type Caller, createEndpoint, publish, registerEventType, send } from '../support/client.ts';
import { type Follower, followOverWebSocket } from '../support/follower.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';
import { startServer } from '../support/server-process.ts';
import { createTokenIssuer } from '../support/tokens.ts';

const type = 'order.paid';

/**
 * A database is backed up under load, goes on for a while, and is restored to the moment of the backup, as
 * `pg_basebackup` does it (pg_backup_start, a copy of the files, pg_backup_stop, and the copy's recovery). Receivers
 * and readers have gone on in between.
 */
export async function restore(): Promise<readonly string[]> {
  const problems: string[] = [];
  const demand = (isSo: boolean, problem: string) => isSo || problems.push(problem);
  const home = mkdtempSync(join(tmpdir(), 'heliograph-restore-'));
  const issuer = await createTokenIssuer();
  const receiver = await startReceiver();
  const environment = {
    ...issuer.environment,
    ...{ DATA_DIR: join(home, 'keys'), PORT: '0', EGRESS_ALLOW: '127.0.0.1/32' },
    ...{ SECRETS_KEYS: `drill:${randomBytes(32).toString('base64')}`, REQUIRE_VERIFICATION: 'false' },
  };
  const before = await startEmbeddedPostgres({ dir: join(home, 'before') });
  let after: EmbeddedPostgres | undefined;
  let follower: Follower | undefined;
  try {
    const server = await startServer({ ...environment, DATABASE_URL: before.url });
    const caller = { origin: server.origin, token: await issuer.sign({ tenant: 'restored' }) };
    await registerEventType(caller, { name: type, example: {} });
    await createEndpoint(caller, { url: receiver.url, events: [type] });
    const held = await createEndpoint(caller, { url: `${receiver.url}/held`, events: [type] });
    await setPaused(caller, held.id, true);
    follower = await followOverWebSocket(caller, 0);
    await publishMany(caller, 40);
    const isLoaded = { is: true };
    const load = (async () => {
      while (isLoaded.is) await publishMany(caller, 5);
    })();
    await backUp(before, { from: join(home, 'before'), to: join(home, 'after') });
    isLoaded.is = false;
    await load;
    const kept = await headOf(caller);
    // What happens from here on is lost by the restore, though receivers and readers have seen it.
    await setPaused(caller, held.id, false);
    const lostEvents = await publishMany(caller, 60);
    await within(30_000, () => countOf(receiver, '/held') >= 100);
    await untilIdle(caller);
    const seen = await headOf(caller);
    await follower.until((changes) => changes.at(-1)?.position === seen);
    const sentBefore = new Set(receiver.received.map(({ path, headers }) => path + headers['webhook-id']));
    await server.stop();
    await before.stop();

    after = await startEmbeddedPostgres({ dir: join(home, 'after') });
    console.log(`  ${execRestored(after.url)}`);
    const again = await startServer({ ...environment, DATABASE_URL: after.url });
    const now = { ...caller, origin: again.origin };
    demand((await codeAfter(now, seen)) === 'LOG_POSITION_EXPIRED', 'a reader that was ahead was not told');
    demand((await codeAfter(now, kept)) === 'LOG_POSITION_EXPIRED', 'a reader from before was not told');
    const head = await headOf(now);
    const next = await followOverWebSocket(now, head);
    const published = await publishMany(now, 200);
    await setPaused(now, held.id, false);
    const ended = (changes: readonly { status: string }[]) =>
      changes.filter(({ status }) => status === 'SUCCEEDED').length;
    // The follower checks that nothing is missing between two messages.
    await next.until((changes) => ended(changes) >= 400 && countOf(receiver, '/held') > 0);
    await untilIdle(now);
    demand(
      (await codeAfter(now, seen)) === 'LOG_POSITION_EXPIRED',
      'the log has grown past a reader and took it back',
    );
    const repeated = receiver.received
      .map(({ path, headers }) => path + headers['webhook-id'])
      .filter((one, index, all) => sentBefore.has(one) && all.indexOf(one) < index);
    demand(repeated.length > 0, 'what was sent after the backup was not sent again with its id');
    const gone = await Promise.all(lostEvents.slice(0, 5).map((id) => isThere(now, id)));
    demand(!gone.includes(true), 'an event from after the backup is there: the drill proves nothing');
    demand((await isThere(now, published[0] ?? '')) === true, 'a new event is missing');
    console.log(
      `  the log had ${kept} changes at the backup and ${seen} at the restore; ${repeated.length} deliveries were sent again`,
    );
    await next.stop();
    await again.stop();
  } finally {
    await follower?.stop();
    await Promise.allSettled([before.stop(), after?.stop(), receiver.close()]);
    rmSync(home, { recursive: true, force: true });
  }
  return problems;
}

/** What `pg_basebackup` does. That program itself would have to be of the server's version. */
async function backUp(server: EmbeddedPostgres, { from, to }: { from: string; to: string }): Promise<void> {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  await client.query(`select pg_backup_start('drill', true)`);
  cpSync(from, to, {
    recursive: true,
    filter: (path) => !/postmaster\.(pid|opts)$|pg_wal\/.|pg_replslot\/./.test(path),
  });
  const { rows } = await client.query<{ labelfile: string }>('select labelfile from pg_backup_stop(false)');
  await client.end();
  cpSync(join(from, 'postgres', 'pg_wal'), join(to, 'postgres', 'pg_wal'), { recursive: true });
  writeFileSync(join(to, 'postgres', 'backup_label'), rows[0]?.labelfile ?? '');
}

function execRestored(url: string): string {
  const env = { PATH: process.env.PATH, DATABASE_URL: url };
  const command = ['--import', 'tsx', 'src/commands/restored.ts'];
  return execFileSync(process.execPath, command, { encoding: 'utf8', env }).trim();
}

async function publishMany(caller: Caller, count: number): Promise<string[]> {
  const published = await publish(
    caller,
    Array.from({ length: count }, (_, n) => ({ type, payload: { n } })),
  );
  return published.map(({ event }) => event.id);
}

const countOf = ({ received }: Receiver, path: string) =>
  received.filter((one) => one.path.endsWith(path)).length;

const headOf = async (caller: Caller) => (await ask<{ logHead: number }>(caller, '{ logHead }')).logHead;

const isThere = async (caller: Caller, id: string) =>
  (await ask<{ event: object | null }>(caller, 'query ($id: ID!) { event(id: $id) { id } }', { id }))
    .event !== null;

/** How a subscription that resumes after this position is refused; undefined if it is not. */
async function codeAfter(caller: Caller, after: number): Promise<string | undefined> {
  const follower = await followOverWebSocket(caller, after);
  try {
    const late = new Promise<string>((resolve) => setTimeout(resolve, 5_000, '').unref());
    const end = follower
      .until(() => false)
      .then(
        () => '',
        (error: Error) => /LOG_POSITION_[A-Z]+/.exec(error.message)?.[0] ?? error.message,
      );
    return (await Promise.race([end, late])) || undefined;
  } finally {
    await follower.stop();
  }
}

async function untilIdle(caller: Caller): Promise<void> {
  await within(60_000, async () => {
    const query =
      '{ deliveryCount(filter: { status: [PENDING, DELIVERING, RETRYING] }, limit: 1000) { count } }';
    return (await ask<{ deliveryCount: { count: number } }>(caller, query)).deliveryCount.count === 0;
  });
}

async function setPaused(caller: Caller, id: string, isPaused: boolean): Promise<void> {
  const field = isPaused ? 'pauseEndpoint' : 'resumeEndpoint';
  const { body } = await send(caller, `mutation ($id: ID!) { ${field}(input: { id: $id }) { __typename } }`, {
    id,
  });
  if (body.errors !== undefined) throw new Error(JSON.stringify(body.errors));
}
