import { createHash } from 'node:crypto';
import type pg from 'pg';

/**
 * Where the database has the extension Citus, what belongs to an owner is distributed by `owner_id`, all of it
 * colocated: an owner's rows of every table lie on one node, and a statement of one owner runs there as on plain
 * PostgreSQL. All other tables are small and become reference tables, of which every node has a copy.
 *
 * The tables of the coordination between processes stay local to the coordinator, which they must ask anyway: writing a
 * reference table needs every node, and one node that is away would stop all workers.
 */
const localTables = new Set(['worker', 'shard_lease', 'job_run']);
/** The table whose shards all others follow. */
const firstTable = 'owner_log';

/** Functions that run a statement on the shards of the node that they are called on (`citus.ts`). */
export const onShard = {
  rows: 'heliograph_on_shard',
  prepared: 'heliograph_prepared',
  silent: 'heliograph_on_shard_silently',
  now: 'heliograph_now()',
} as const;

/** What a transaction sets for itself, such as how long it waits for a lock, counts on the nodes, too. */
export const citusSettings = `set citus.propagate_set_commands = 'local';`;

/** Whether the database is the coordinator of a Citus cluster. */
export async function hasCitus(client: Pick<pg.ClientBase, 'query'>): Promise<boolean> {
  const { rows } = await client.query(`select from pg_extension where extname = 'citus'`);
  return rows.length > 0;
}

/** Distributes the tables that are not distributed yet. Safe to repeat: what a crash leaves undone is done next time. */
export async function distribute(client: pg.ClientBase, ours: readonly string[]): Promise<readonly string[]> {
  if (!(await hasCitus(client))) return [];
  await dropTriggers(client);
  const { rows } = await client.query<{ name: string; owned: boolean }>(
    `select c.relname as name,
            exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'owner_id'
                                                 and not a.attisdropped) as owned
       from pg_class c
      where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
        and c.relname = any($1) and not exists (select from pg_dist_partition p where p.logicalrelid = c.oid)
      order by c.relname <> $2, c.relname`,
    [ours.filter((name) => !localTables.has(name)), firstTable],
  );
  for (const { name, owned } of rows) {
    if (!owned) await client.query('select create_reference_table($1)', [name]);
    else if (name === firstTable)
      await client.query(`select create_distributed_table($1, 'owner_id')`, [name]);
    else
      await client.query(`select create_distributed_table($1, 'owner_id', colocate_with => $2)`, [
        name,
        firstTable,
      ]);
  }
  await createFunctions(client);
  return rows.map(({ name }) => name);
}

/**
 * Once for each text of theirs, which the comment of the last tells, because it needs every node: otherwise no process
 * could start while a node is away.
 */
async function createFunctions(client: pg.ClientBase): Promise<void> {
  const text = functions.join(';');
  const { rows } = await client.query<{ made: string | null }>(
    `select obj_description(to_regproc('heliograph_now'), 'pg_proc') as made`,
  );
  const made = createHash('sha256').update(text).digest('hex');
  if (rows[0]?.made === made) return;
  await client.query('begin');
  for (const statement of functions) await client.query(statement);
  await client.query(`comment on function ${onShard.now} is '${made}'`);
  await client.query('commit');
}

// The settings of our own connections that decide about plans: a node's connections are Citus's.
const settings = `set jit = off set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off
    set enable_mergejoin = off set timezone = 'UTC' set datestyle = 'ISO, MDY'`;
const functions = [
  `create or replace function ${onShard.rows}(statement text) returns setof record language plpgsql ${settings}
    as $$ begin return query execute statement; end $$`,
  `create or replace function ${onShard.silent}(statement text) returns setof record language plpgsql ${settings}
    as $$ begin execute statement; return query select true; end $$`,
  // The setting says that the session has it prepared. It is forgotten where the transaction fails, then we look.
  `create or replace function ${onShard.prepared}(label text, statement text, parameters text) returns setof record
    language plpgsql ${settings} set plan_cache_mode = force_generic_plan
    as $$ begin
      if current_setting('heliograph.' || label, true) is distinct from '1' then
        if not exists (select from pg_prepared_statements where name = label) then
          execute format('prepare %I as %s', label, statement);
        end if;
        perform set_config('heliograph.' || label, '1', false);
      end if;
      return query execute format('execute %I%s', label, parameters);
    end $$`,
  // Not immutable at all, but used only in statements that are planned each time (`run`).
  `create or replace function ${onShard.now} returns timestamptz(3) language sql immutable
    as 'select clock_timestamp()::timestamptz(3)'`,
];

/**
 * Triggers cannot be on distributed tables. The only ones that there are tell who remembers a tenant's receivers that
 * they have changed; here nobody remembers them (`Layout.remembersAudiences`).
 */
async function dropTriggers(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ name: string; owner: string }>(
    `select t.tgname as name, c.relname as owner
       from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_proc p on p.oid = t.tgfoid
      where not t.tgisinternal and c.relnamespace = current_schema()::regnamespace and p.proname like 'note\\_%'`,
  );
  for (const { name, owner } of rows) await client.query(`drop trigger "${name}" on "${owner}"`);
}
