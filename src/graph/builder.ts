import SchemaBuilder from '@pothos/core';
import ComplexityPlugin from '@pothos/plugin-complexity';
import ErrorsPlugin from '@pothos/plugin-errors';
import { addEnums } from './enums.graph.ts';
import { addErrorTypes } from './errors.graph.ts';
import ListCostPlugin from './list-cost-plugin.ts';
import { addNodes } from './node.ts';
import PermissionPlugin from './permission-plugin.ts';
import { addScalars } from './scalars.ts';
import type { Builder, GraphTypes } from './schema-types.ts';

/** A builder with all that the rooms' types stand on. Tests make their own; the program has one. */
export function createBuilder(): Builder {
  return createGraph().builder;
}

function createGraph() {
  const builder: Builder = new SchemaBuilder<GraphTypes>({
    defaultFieldNullability: false,
    plugins: [
      // The first plugin wraps all that follow. Permission comes before everything: a refusal is then outside of
      // what Errors catches and never becomes a member of a union.
      PermissionPlugin,
      ErrorsPlugin,
      // Only notes each field's cost on the schema; `operation-cost.ts` adds it up before anything is executed.
      ComplexityPlugin,
      // Charges what a list is longer than it counted as, once it is read.
      ListCostPlugin,
    ],
    errors: {
      // With `Error` as a default every fault of ours would be shown to the caller, hosts and statements included.
      defaultTypes: [],
    },
    complexity: { defaultComplexity: 1, defaultListMultiplier: 10 },
  });

  builder.queryType({ description: 'All operations that read. They change nothing.' });
  builder.mutationType({
    description:
      'All operations that change something. Each takes one `input` and returns a union of its payload and its possible errors.',
  });
  builder.subscriptionType({
    description:
      'The live log, over WebSocket (`graphql-transport-ws`) and over server-sent events (`accept: text/event-stream`).',
  });
  addScalars(builder);
  const enums = addEnums(builder);
  addErrorTypes(builder, enums);
  addNodes(builder);
  return { builder, ...enums };
}

/** The schema's builder. Rooms import it and add their types and fields; `schema.ts` gathers them. */
export const { builder, ActorKind, AppPermission, DeliveryStatus, Permission } = createGraph();
