import type { InterfaceRef, ObjectFieldsShape, ObjectRef } from '@pothos/core';
import { badUserInput } from '../errors.ts';
import { decodeId, type IdType, idPrefixes, idTypes, typeOfId } from '../ids.ts';
import type { Context } from './context.ts';
import { checkPermission, type FieldPermission } from './permission.ts';
import type { Builder, Types } from './schema-types.ts';

/** The limit for ids in one call of `nodes`. */
const maxNodes = 100;

/** How `node` and `nodes` find the records of one type: exactly as its own field does, with its permission. */
type Loader = Readonly<{
  permission: FieldPermission;
  keyOf(id: string): string | undefined;
  load(keys: readonly string[], context: Context): Promise<readonly (object | undefined)[]>;
}>;

type Registry = Readonly<{ Node: InterfaceRef<Types, object>; loaders: Map<IdType, Loader> }>;

const registries = new WeakMap<Builder, Registry>();
/** The type that a record was loaded as, because a row does not tell it. */
const typenames = new WeakMap<object, IdType>();

export type NodeOptions<Row extends object> = Readonly<{
  description: string;
  /** The permission of the type's own field (`endpoint(id)`). */
  permission: FieldPermission;
  /** The record's global id: `(row) => encodeId('Endpoint', row.id)`. */
  id: (row: Row) => string;
  /**
   * The key that `load` gets for a global id; undefined if the id is malformed. By default it is the UUID in the id.
   */
  keyOf?: (id: string) => string | undefined;
  /**
   * The records that this caller may see, in the order of the keys: undefined for a record that is missing or belongs
   * to somebody else. Throws the same errors as the type's own field.
   */
  load(keys: readonly string[], context: Context): Promise<readonly (Row | undefined)[]>;
  fields: ObjectFieldsShape<Types, Row>;
}>;

/** Declares an object type with a global id, which `node` can find. */
export function node<Row extends object>(
  builder: Builder,
  ref: ObjectRef<Types, Row> & { name: string },
  options: NodeOptions<Row>,
): void {
  const { Node, loaders } = registryOf(builder);
  const name = idTypes.find((type) => type === ref.name);
  if (name === undefined) throw new Error(`${ref.name} has no prefix in ids.ts.`);
  loaders.set(name, {
    permission: options.permission,
    keyOf: options.keyOf ?? ((id) => decodeId(name, id)),
    load: options.load,
  });
  builder.objectType(ref, {
    description: options.description,
    // For tests that ask what `node` requires, because the loaders are not part of the schema.
    extensions: { permission: options.permission },
    fields: options.fields,
  });
  builder.objectFields(ref, (t) => ({
    id: t.id({
      description: `Globally unique: \`${idPrefixes[name]}_…\`.`,
      resolve: (row) => options.id(row),
    }),
  }));
  ref.addInterfaces([Node]);
}

/** Adds the interface `Node` and the fields `Query.node` and `Query.nodes`. */
export function addNodes(builder: Builder): void {
  const loaders = new Map<IdType, Loader>();
  const Node = builder.interfaceRef<object>('Node').implement({
    description: 'A record with a globally unique id.',
    resolveType: (record) => typenames.get(record),
    fields: (t) => ({
      id: t.id({
        description: 'The globally unique id: a prefix for the type, `_` and 26 characters.',
        resolve: () => {
          throw new Error('Every node type must resolve its own id.');
        },
      }),
    }),
  });
  registries.set(builder, { Node, loaders });

  const capability = { records: ['Node'], sideEffects: [], idempotency: 'It only reads.' };
  builder.queryFields((t) => ({
    node: t.field({
      type: Node,
      nullable: true,
      description:
        'The record with this id, as its own field (`endpoint`, `delivery`, …) would return it and with the same permission. Null if there is none, it belongs to somebody else, or the id is malformed.',
      permission: 'ANY_CREDENTIAL',
      capability,
      args: { id: t.arg.id({ required: true, description: 'The id of any record.' }) },
      resolve: async (_root, { id }, context) => {
        const [record] = await findNodes(loaders, [id], context);
        if (record instanceof Error) throw record;
        return record;
      },
    }),
    nodes: t.field({
      type: [Node],
      nullable: { list: false, items: true },
      description: `Several records by their ids, each as \`node\` would return it, in the order of the ids. At most ${maxNodes}.`,
      permission: 'ANY_CREDENTIAL',
      capability,
      complexity: ({ ids }) => ({ field: 1, multiplier: Math.min(ids.length, maxNodes) }),
      args: {
        ids: t.arg.idList({ required: true, description: `The ids of any records; at most ${maxNodes}.` }),
      },
      resolve: async (_root, { ids }, context) => {
        if (ids.length > maxNodes) {
          throw badUserInput(`\`ids\` can have at most ${maxNodes} ids.`, {
            argument: 'ids',
            limit: maxNodes,
          });
        }
        const records = await findNodes(loaders, ids, context);
        // An Error as an item fails only that item; the others are answered.
        return records as (object | null)[];
      },
    }),
  }));
}

function registryOf(builder: Builder): Registry {
  const registry = registries.get(builder);
  if (registry === undefined) throw new Error('This builder was not made by createBuilder.');
  return registry;
}

/** Loads the records of each type that the ids name, with one load for each type. */
async function findNodes(
  loaders: ReadonlyMap<IdType, Loader>,
  ids: readonly string[],
  context: Context,
): Promise<(object | null)[]> {
  const found: (object | null)[] = ids.map(() => null);
  const wanted = new Map<IdType, Map<string, number[]>>();
  for (const [index, id] of ids.entries()) {
    const type = typeOfId(id);
    const key = type === undefined ? undefined : loaders.get(type)?.keyOf(id);
    if (type === undefined || key === undefined) continue;
    const byKey = wanted.get(type) ?? new Map<string, number[]>();
    wanted.set(type, byKey.set(key, [...(byKey.get(key) ?? []), index]));
  }
  await Promise.all(
    [...wanted].map(([type, byKey]) => loadInto(found, { type, byKey, loader: loaders.get(type), context })),
  );
  return found;
}

async function loadInto(
  found: (object | null)[],
  wanted: { type: IdType; byKey: Map<string, number[]>; loader: Loader | undefined; context: Context },
): Promise<void> {
  const { type, byKey, loader, context } = wanted;
  if (loader === undefined) return;
  try {
    checkPermission(loader.permission, context);
    const records = await loader.load([...byKey.keys()], context);
    for (const [position, indexes] of [...byKey.values()].entries()) {
      const record = records[position];
      if (record === undefined) continue;
      typenames.set(record, type);
      for (const index of indexes) found[index] = record;
    }
  } catch (error) {
    const failure = error instanceof Error ? error : new Error(String(error));
    for (const index of [...byKey.values()].flat()) found[index] = failure;
  }
}
