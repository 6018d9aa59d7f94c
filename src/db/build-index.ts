import type pg from 'pg';

/** One statement `create [unique] index <name> on <table> <rest>`, as a migration has it. */
const createIndex =
  /^create\s+(?<unique>unique\s+)?index\s+(?<name>\w+)\s+on\s+(?<table>\w+)\s+(?<rest>[^;]+);?$/i;
const longestName = 63;

/**
 * Builds an index without blocking writers, also on a partitioned table: there `create index concurrently` is not
 * allowed, so that each partition gets its own index, which is then attached to that of the table. Partitions that are
 * made later get theirs when they are attached.
 *
 * Runs outside of a transaction. If the process ends in the middle, the next call goes on: an index that was left
 * half built is dropped and built again.
 *
 * Throws if the statement has another form.
 */
export async function buildIndex(client: pg.ClientBase, statement: string): Promise<void> {
  const parts = createIndex.exec(statement.trim())?.groups;
  if (parts === undefined)
    throw new Error(
      'A migration that builds an index has one statement: `create index <name> on <table> …`.',
    );
  const { unique = '', name = '', table = '', rest = '' } = parts;
  const { rows } = await client.query<{ partition: string }>(
    'select inhrelid::regclass::text as partition from pg_inherits where inhparent = $1::regclass order by 1',
    [table],
  );
  const { rows: kinds } = await client.query<{ relkind: string }>(
    'select relkind from pg_class where oid = $1::regclass',
    [table],
  );
  if (kinds[0]?.relkind !== 'p') return await build(client, { unique, name, table, rest });
  await client.query(`create ${unique}index if not exists ${name} on only ${table} ${rest}`);
  for (const { partition } of rows) {
    const own = `${partition}_${name}`.slice(0, longestName);
    await build(client, { unique, name: own, table: partition, rest });
    await client.query(`alter index ${name} attach partition ${own}`);
  }
}

async function build(
  client: pg.ClientBase,
  { unique, name, table, rest }: { unique: string; name: string; table: string; rest: string },
): Promise<void> {
  const { rows } = await client.query<{ indisvalid: boolean }>(
    'select indisvalid from pg_index where indexrelid = to_regclass($1)',
    [name],
  );
  if (rows[0]?.indisvalid === true) return;
  if (rows.length > 0) await client.query(`drop index concurrently ${name}`);
  await client.query(`create ${unique}index concurrently ${name} on ${table} ${rest}`);
}
