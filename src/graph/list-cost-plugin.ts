import SchemaBuilder, { BasePlugin, type PothosOutputFieldConfig, type SchemaTypes } from '@pothos/core';
import { type GraphQLFieldResolver, type GraphQLResolveInfo, OperationTypeNode } from 'graphql';
import { costOfRecord, maxOperationCost, shortList, tooCostly, usualListSize } from './operation-cost.ts';

/**
 * Charges lists whose length is not known before they are read. Before the execution such a list counts as ten
 * records. If it is longer, the selection on the further records is charged here, before any of it is resolved.
 * Otherwise a short document over a long list could block the process for everybody.
 *
 * A field that declares its cost (`complexity`) is not charged here, and of a short list that is not short only a tenth:
 * without that, short lists within short lists were a hundred times what they counted. Answers of mutations are not
 * charged, because they have been carried out by then, nor are messages of subscriptions, whose length
 * `affordableLength` limits.
 */
const pluginName = 'listCost';

export default pluginName;

type Resolver<Types extends SchemaTypes> = GraphQLFieldResolver<unknown, Types['Context'], object>;

class ListCostPlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  override wrapResolve(resolver: Resolver<Types>, config: PothosOutputFieldConfig<Types>): Resolver<Types> {
    const share = shareOf(config.pothosOptions);
    if (config.type.kind !== 'List' || share === 0) return resolver;
    return (source, args, context, info) => {
      if (info.operation.operation !== OperationTypeNode.QUERY) return resolver(source, args, context, info);
      const list = resolver(source, args, context, info);
      return list instanceof Promise
        ? list.then((found) => charge(found, { share, context, info }))
        : charge(list, { share, context, info });
    };
  }
}

/** The share of a list's further records that is charged. */
function shareOf(options: object): number {
  const price = 'complexity' in options ? options.complexity : undefined;
  if (price === undefined) return 1;
  return price === shortList ? 0.1 : 0;
}

/** The cost of the long lists of a request so far. */
const spent = new WeakMap<object, number>();

function charge(
  list: unknown,
  { share, context, info }: { share: number; context: object; info: GraphQLResolveInfo },
): unknown {
  const beyond = Array.isArray(list) ? list.length - usualListSize : 0;
  if (beyond <= 0) return list;
  const cost = (spent.get(context) ?? 0) + beyond * costOfRecord(info, context) * share;
  spent.set(context, cost);
  if (cost > maxOperationCost) throw tooCostly(cost);
  return list;
}

SchemaBuilder.registerPlugin(pluginName, ListCostPlugin);

declare global {
  export namespace PothosSchemaTypes {
    export interface Plugins<Types extends SchemaTypes> {
      [pluginName]: ListCostPlugin<Types>;
    }
  }
}
