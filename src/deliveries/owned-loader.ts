import type { Kysely } from 'kysely';
import type { Database } from '../db/pool.ts';
import type { Context } from '../graph/context.ts';
import { loader } from '../graph/loader.ts';
import type { Tables } from '../tables.ts';

/** A record by its owner and UUID. */
export type OwnedKey = Readonly<{ ownerId: string; id: string }>;

/** Combines lookups by owner and id into one statement for each owner. Records that are not found are undefined. */
export function ownedLoader<Row extends { id: string }>(
  find: (db: Kysely<Tables>, ownerId: string, ids: readonly string[]) => Promise<readonly Row[]>,
) {
  const grouped = groupLoader(find, (row) => row.id);
  return (context: Parameters<typeof grouped>[0]) => ({
    load: async (key: OwnedKey) => (await grouped(context).load(key))[0],
    loadMany: async (ownerId: string, ids: readonly string[]) => {
      const groups = await Promise.all(ids.map((id) => grouped(context).load({ ownerId, id })));
      return groups.map(([row]) => row);
    },
  });
}

/** The same for several rows of one key: `keyOf` returns the id that a row belongs to. The order of rows is kept. */
export function groupLoader<Row>(
  find: (
    db: Kysely<Tables>,
    ownerId: string,
    ids: readonly string[],
    database: Database,
  ) => Promise<readonly Row[]>,
  keyOf: (row: Row) => string,
) {
  return loader<OwnedKey, readonly Row[]>(async (keys, { services }) => {
    const found = new Map<string, Map<string, Row[]>>();
    for (const { ownerId, id } of keys) {
      const wanted = found.get(ownerId) ?? new Map<string, Row[]>();
      found.set(ownerId, wanted.set(id, []));
    }
    await Promise.all(
      [...found].map(async ([ownerId, wanted]) => {
        const rows = await find(services.database.query, ownerId, [...wanted.keys()], services.database);
        for (const row of rows) wanted.get(keyOf(row))?.push(row);
      }),
    );
    return keys.map(({ ownerId, id }) => found.get(ownerId)?.get(id) ?? []);
  });
}

/** A request for a record with arguments. */
type AskedKey<Args> = OwnedKey & Readonly<{ args: Args }>;

/**
 * Combines requests for several records of an owner with equal arguments into one call, which answers by record id.
 * Arguments are equal if their JSON is. Refused arguments do not affect others.
 */
export function argsLoader<Args, Value>(
  load: (
    context: Context,
    ownerId: string,
    asked: Readonly<{ ids: readonly string[]; args: Args }>,
  ) => Promise<ReadonlyMap<string, Value>>,
) {
  return loader<AskedKey<Args>, Value>(async (keys, context) => {
    const groups = new Map<string, AskedKey<Args>[]>();
    const groupOf = ({ ownerId, args }: AskedKey<Args>) => JSON.stringify([ownerId, args]);
    for (const key of keys) groups.set(groupOf(key), [...(groups.get(groupOf(key)) ?? []), key]);
    const found = new Map<string, ReadonlyMap<string, Value> | Error>();
    await Promise.all(
      [...groups].map(async ([name, [first, ...rest]]) => {
        if (first === undefined) return;
        const ids = [...new Set([first, ...rest].map(({ id }) => id))];
        try {
          found.set(name, await load(context, first.ownerId, { ids, args: first.args }));
        } catch (error) {
          found.set(name, error instanceof Error ? error : new Error(String(error)));
        }
      }),
    );
    return keys.map((key) => {
      const answers = found.get(groupOf(key));
      if (answers instanceof Error) return answers;
      return answers?.get(key.id) ?? new Error('The loader returned no answer for a record.');
    });
  });
}
