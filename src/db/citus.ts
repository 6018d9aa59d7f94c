import { createHash, randomUUID } from 'node:crypto';
import type pg from 'pg';
import { hashOfUuid } from './citus-hash.ts';
import { citusSettings, onShard } from './distribute.ts';
import { type Layout, plainLayout } from './layout.ts';
import { literal, quoted, withLiterals } from './literal.ts';
import { type PlacedStatement, placedStatementOf, type Statement } from './placement.ts';
import { sqlStateOf } from './retry.ts';

/**
 * The tables distributed by Citus.
 *
 * Citus's planner refuses what the engine's statements consist of: it carries out each INSERT ... SELECT of a `with` as a
 * step of its own, with its result sent around, so that rows are seen and locked in another order; and it has no SKIP
 * LOCKED over several shards. But an owner's rows of all tables are in shards on one node, which there are ordinary
 * tables: `due` is `due_102099`. So a statement with a placement is sent to that node as it is, with the shards' names,
 * and runs there as on plain PostgreSQL: one statement, one plan, the same locks in the same order.
 *
 *   with door as (delete from audience_change where owner_id = '<key of the shard>' and id is null)
 *   select * from heliograph_on_shard('<the statement>') as t(<what it returns>)
 *
 * The DELETE, which never finds anything, makes this a statement that changes the shard, for Citus: it goes to the
 * shard's node, wherever that is now; it waits while the shard is moved and keeps it from being moved until the commit; it
 * is part of the transaction around it, also of one over several nodes; and a commit that fails is reported.
 *
 * A statement of several owners is divided by their shards. Each part is then a transaction of its own, unless there is
 * one around it.
 */
export async function citusLayout(client: Pick<pg.ClientBase, 'query'>): Promise<Layout> {
  let map = await readMap(client);
  const placeOf = (ownerId: string) => placeIn(map, hashOfUuid(ownerId));

  async function runAt(
    connection: pg.Pool | pg.ClientBase,
    query: PlacedStatement,
    { place, values }: { place: number; values: readonly unknown[] },
  ): Promise<pg.QueryResultRow[]> {
    const leases = (query.placement.text ?? query.text).includes(leaseTable)
      ? await readLeases(connection)
      : [];
    try {
      return (await connection.query(textAt(map, place, query, { values, leases }))).rows;
    } catch (error) {
      // A shard was divided, and its parts have other names.
      if (sqlStateOf(error) === undefinedTable) map = await readMap(connection);
      throw error;
    }
  }

  return {
    places: map.places.length,
    placeOf,
    writeGroups: map.places.length,
    writeGroupOf: placeOf,
    // Several nodes carry them out.
    settling: { mixesGroups: false, statements: 6 },
    placedAs: placedStatementOf,
    rewritten,
    // They are made for the shard, and so for the values.
    keepsPlans: false,
    remembersAudiences: false,
    deletesInSteps: false,
    settings: citusSettings,
    async run<Row extends pg.QueryResultRow>(
      connection: pg.Pool | pg.ClientBase,
      query: Statement,
      values: readonly unknown[],
      isPrepared: boolean,
    ) {
      if (!isPlaced(query)) {
        const text = rewritten(query.text);
        // What is rewritten has to be planned each time.
        const isKept = isPrepared && text === query.text;
        return plainLayout.run<Row>(connection, { ...query, text }, values, isKept);
      }
      const parts = await partsOf(connection, query, { values, placeOf, places: map.places.length });
      const rows: pg.QueryResultRow[] = [];
      if ('isForOne' in query.placement) {
        for (const part of parts) {
          rows.push(...(await runAt(connection, query, part)));
          if (rows.length > 0) break;
        }
      } else if ('totalCount' in connection) {
        const results = await Promise.allSettled(parts.map((part) => runAt(connection, query, part)));
        const failed = results.filter((result) => result.status === 'rejected');
        // What looks everywhere sees what can be seen: the owners on a node that is away wait, and nobody else.
        if (failed.length > 0 && (!('everywhere' in query.placement) || failed.length === results.length)) {
          throw failed[0]?.reason;
        }
        for (const result of results) if (result.status === 'fulfilled') rows.push(...result.value);
      } else for (const part of parts) rows.push(...(await runAt(connection, query, part)));
      return rows as Row[];
    },
  };
}

const isPlaced = (query: Statement): query is PlacedStatement => query.placement !== undefined;

const rewritten = (text: string): string =>
  text
    .replace(timeOfDay, onShard.now)
    .replace(shared, ' for no key update')
    .replace(withoutColumns, 'select 1 from');

type Place = Readonly<{
  least: number;
  /** The id of an owner who would be there. */
  key: string;
  tables: ReadonlyMap<string, string>;
  /** What is prepared there, with the names of its tables. */
  texts: Map<string, string>;
}>;

type ShardMap = Readonly<{
  /** In the order of their ranges. */
  places: readonly Place[];
  /** Finds the names of tables in a statement. */
  names: RegExp;
}>;

/** Citus refuses an UPDATE with a function that is not immutable, and ours only says so (`distribute.ts`). */
const timeOfDay = /\b(?:now|clock_timestamp)\(\)/g;
/**
 * Our shared locks are on reference tables, which Citus locks as a whole for each writer: two that share the lock and
 * then write would wait for each other.
 */
const shared = / for share$/;
/** What has no columns cannot be passed on between the steps of a plan. */
const withoutColumns = /\bselect from\b/g;
const undefinedTable = '42P01';
const leaseTable = 'shard_lease';

async function readMap(client: Pick<pg.ClientBase, 'query'>): Promise<ShardMap> {
  const { rows } = await client.query<{ name: string; shard: string; least: number | null }>(
    `select c.relname as name, shard_name(s.logicalrelid, s.shardid) as shard, s.shardminvalue::integer as least
       from pg_dist_shard s join pg_class c on c.oid = s.logicalrelid
      where not c.relispartition and c.relnamespace = current_schema()::regnamespace
        -- Placed statements do without the tables whose names are also those of columns.
        and not exists (select from pg_attribute a join pg_class o on o.oid = a.attrelid
                         where a.attname = c.relname and o.relnamespace = c.relnamespace)
      order by s.shardminvalue::integer, s.shardid`,
  );
  const copies = rows.filter(({ least }) => least === null).map(({ name, shard }) => [name, shard] as const);
  const places = [...new Set(rows.flatMap(({ least }) => least ?? []))].map((least) => ({
    least,
    key: '',
    texts: new Map<string, string>(),
    tables: new Map([
      ...copies,
      ...rows.filter((row) => row.least === least).map(({ name, shard }) => [name, shard] as const),
    ]),
  }));
  const names = [...new Set(rows.map(({ name }) => name))].sort((a, b) => b.length - a.length);
  const map = { places, names: new RegExp(`\\b(?:${names.join('|')})\\b`, 'g') };
  await compareHashes(client);
  return { ...map, places: places.map((place, index) => ({ ...place, key: keyIn(map, index) })) };
}

/** Refuses to go on where rows would be looked for in the wrong shard. */
async function compareHashes(client: Pick<pg.ClientBase, 'query'>): Promise<void> {
  const ids = Array.from({ length: 20 }, () => randomUUID());
  const { rows } = await client.query<{ hash: number }>(
    'select worker_hash(id) as hash from unnest($1::uuid[]) with ordinality as t(id, place) order by place',
    [ids],
  );
  if (rows.some(({ hash }, index) => hash !== hashOfUuid(ids[index] ?? '')))
    throw new Error('This version of Citus distributes rows in another way than Heliograph knows.');
}

function placeIn({ places }: Pick<ShardMap, 'places'>, hash: number): number {
  let low = 0;
  let high = places.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((places[middle]?.least ?? 0) <= hash) low = middle;
    else high = middle - 1;
  }
  return low;
}

function keyIn(map: Pick<ShardMap, 'places'>, place: number): string {
  for (;;) {
    const id = randomUUID();
    if (placeIn(map, hashOfUuid(id)) === place) return id;
  }
}

type Part = { place: number; values: readonly unknown[] };

async function partsOf(
  connection: pg.Pool | pg.ClientBase,
  { placement }: PlacedStatement,
  asked: { values: readonly unknown[]; placeOf: (ownerId: string) => number; places: number },
): Promise<Part[]> {
  const { values, placeOf, places } = asked;
  if ('ofOwners' in placement) {
    const { rows } = await connection.query<{ owner_id: string }>(withLiterals(placement.ofOwners, values));
    return [...new Set(rows.map((row) => placeOf(row.owner_id)))].map((place) => ({ place, values }));
  }
  if ('everywhere' in placement) return Array.from({ length: places }, (_, place) => ({ place, values }));
  if ('owner' in placement) return [{ place: placeOf(String(values[placement.owner - 1])), values }];
  if ('together' in placement) {
    const ids = String(values[placement.together - 1])
      .slice(1, -1)
      .split(',');
    const [place = 0, ...others] = [...new Set(ids.map(placeOf))];
    if (others.length > 0) throw new Error('The owners of one statement are in several places.');
    return [{ place, values }];
  }
  const lists = placement.owners.map((numbers) => ({
    numbers,
    placed: arrayAt(values, numbers[0]).map((id) => placeOf(String(id))),
  }));
  const used = [...new Set(lists.flatMap(({ placed }) => placed))];
  if (used.length <= 1) return used.map((place) => ({ place, values }));
  return used.map((place) => {
    const part = [...values];
    for (const { numbers, placed } of lists) {
      for (const number of numbers) {
        part[number - 1] = arrayAt(values, number).filter((_, index) => placed[index] === place);
      }
    }
    return { place, values: part };
  });
}

function arrayAt(values: readonly unknown[], number = 0): readonly unknown[] {
  const value = values[number - 1];
  if (!Array.isArray(value)) throw new Error(`The parameter ${number} of a placed statement is no array.`);
  return value;
}

/** The leases are the coordinator's, so a statement that runs elsewhere gets them as they are now, as more parameters. */
async function readLeases(connection: pg.Pool | pg.ClientBase): Promise<readonly unknown[][]> {
  const { rows } = await connection.query<{ shard: number; holder: string | null; epoch: number }>(
    `select shard, holder, epoch from ${leaseTable}`,
  );
  return [rows.map(({ shard }) => shard), rows.map(({ holder }) => holder), rows.map(({ epoch }) => epoch)];
}

const leasesFrom = (number: number) =>
  `(select * from unnest($${number}::smallint[], $${number + 1}::uuid[], $${number + 2}::bigint[])
     as l(shard, holder, epoch))`;

function textAt(
  map: ShardMap,
  place: number,
  query: PlacedStatement,
  { values, leases }: { values: readonly unknown[]; leases: readonly unknown[] },
): string {
  const at = map.places[place];
  if (at === undefined) throw new Error(`There is no shard ${place}.`);
  const { returns, isPrepared } = query.placement;
  const text = named(map, at, query, values.length + 1);
  const all = [...values, ...leases];
  const called = isPrepared
    ? `${onShard.prepared}('${labelOf(text)}', ${quoted(text)}, ${quoted(`(${all.map(literal).join(', ')})`)})`
    : `${returns === '' ? onShard.silent : onShard.rows}(${quoted(withLiterals(text, all))})`;
  return `-- ${query.name}
with door as (delete from audience_change where owner_id = '${at.key}' and id is null)
select t.* from ${called} as t(${returns === '' ? 'done boolean' : returns})`;
}

/** The statement with the names of the shards. */
function named(map: ShardMap, at: Place, { text, placement }: PlacedStatement, leasesAt: number): string {
  const made = at.texts.get(text);
  if (made !== undefined) return made;
  const shards = (placement.text ?? text)
    .replace(map.names, (name) => at.tables.get(name) ?? name)
    .replaceAll(leaseTable, leasesFrom(leasesAt));
  if (placement.isPrepared) at.texts.set(text, shards);
  return shards;
}

/** The same for the same text in all processes, and another one in another release that changed the text. */
function labelOf(text: string): string {
  let label = labels.get(text);
  if (label === undefined) {
    label = `p${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
    labels.set(text, label);
  }
  return label;
}

const labels = new Map<string, string>();
