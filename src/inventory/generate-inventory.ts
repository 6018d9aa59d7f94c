import type { GraphQLSchema } from 'graphql';
import { declaredRoutes } from '../route.ts';
import { findSources } from './find-sources.ts';
import { printInventory } from './print-inventory.ts';
import { takeInventory } from './take-inventory.ts';

/**
 * The generated files of the inventory, by their path in the project. Every module that declares a route must have
 * been loaded, so import `app.ts` first.
 */
export function generateInventory(schema: GraphQLSchema, root: URL): ReadonlyMap<string, string> {
  const entries = takeInventory({ schema, routes: declaredRoutes(), sources: findSources(root) });
  return new Map([
    ['schema/capabilities.json', `${JSON.stringify(entries, undefined, 2)}\n`],
    ['schema/capabilities.md', printInventory(entries)],
  ]);
}
