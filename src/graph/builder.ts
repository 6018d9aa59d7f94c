import SchemaBuilder from '@pothos/core';
import ComplexityPlugin from '@pothos/plugin-complexity';
import ErrorsPlugin from '@pothos/plugin-errors';
import { addEnums } from './enums.graph.ts';
import { addErrorTypes } from './errors.graph.ts';
import LeavingPlugin from './leaving-plugin.ts';
import ListCostPlugin from './list-cost-plugin.ts';
import { addNodes } from './node.ts';
import PermissionPlugin from './permission-plugin.ts';
import { addScalars } from './scalars.ts';
import type { Builder, GraphTypes } from './schema-types.ts';

/** Creates a builder with everything that the types of all rooms need. Tests create their own; the program has one. */
export function createBuilder(): Builder {
  return createGraph().builder;
}

function createGraph() {
  const builder: Builder = new SchemaBuilder<GraphTypes>({
    defaultFieldNullability: false,
    plugins: [
      // The first plugin wraps all that follow. Permission comes first, so that its refusals are outside of what the
      // errors plugin catches and never become members of a union.
      PermissionPlugin,
      ErrorsPlugin,
      // This plugin only notes each field's cost on the schema. `operation-cost.ts` adds the costs up before anything
      // is executed.
      ComplexityPlugin,
      // Charges what a list is longer than it counted as, once it is read.
      ListCostPlugin,
      LeavingPlugin,
    ],
    errors: {
      // With `Error` as a default type, every internal error would be shown to the caller, including host names and
      // statements.
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

/** The builder of the schema. Rooms import it and add their types and fields; `schema.ts` collects them. */
export const { builder, ActorKind, AppPermission, DeliveryStatus, Permission } = createGraph();
