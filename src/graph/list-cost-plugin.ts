import SchemaBuilder, { BasePlugin, type PothosOutputFieldConfig, type SchemaTypes } from '@pothos/core';
import { type GraphQLFieldResolver, type GraphQLResolveInfo, OperationTypeNode } from 'graphql';
import { costOfRecord, maxOperationCost, tooCostly, usualListSize } from './operation-cost.ts';

/**
 * Charges lists whose length is not known before they are read. Before the execution such a list counts as ten
 * records. If it is longer, the selection on the further records is charged here, before any of it is resolved.
 * Otherwise a short document over a long list could block the process for everybody.
 *
 * A field that declares its cost (`complexity`) is not charged here. Neither are answers of mutations, which have
 * been carried out by then, and messages of subscriptions, whose length `affordableLength` limits.
 */
const pluginName = 'listCost';

export default pluginName;

type Resolver<Types extends SchemaTypes> = GraphQLFieldResolver<unknown, Types['Context'], object>;

class ListCostPlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  override wrapResolve(resolver: Resolver<Types>, config: PothosOutputFieldConfig<Types>): Resolver<Types> {
    if (config.type.kind !== 'List' || hasPrice(config)) return resolver;
    return (source, args, context, info) => {
      if (info.operation.operation !== OperationTypeNode.QUERY) return resolver(source, args, context, info);
      const list = resolver(source, args, context, info);
      return list instanceof Promise
        ? list.then((found) => charge(found, context, info))
        : charge(list, context, info);
    };
  }
}

function hasPrice(config: { pothosOptions: object }): boolean {
  return 'complexity' in config.pothosOptions && config.pothosOptions.complexity !== undefined;
}

/** The cost of the long lists of a request so far. */
const spent = new WeakMap<object, number>();

function charge(list: unknown, context: object, info: GraphQLResolveInfo): unknown {
  const beyond = Array.isArray(list) ? list.length - usualListSize : 0;
  if (beyond <= 0) return list;
  const cost = (spent.get(context) ?? 0) + beyond * costOfRecord(info, context);
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
