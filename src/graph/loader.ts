import { createContextCache } from '@pothos/core';
import DataLoader from 'dataloader';
import type { Context } from './context.ts';

/**
 * Reads of single records gathered into one statement: `const endpointOf = loader(load)`, then in a resolver
 * `endpointOf(context).load(key)`. It remembers for one request, and for one event of a subscription. `load` answers
 * in the order of the keys. Owner filters belong into its SQL: the keys alone name what is wanted, not who may see it. An
 * Error among the answers is thrown to whoever asked for its key.
 */
export function loader<Key, Value>(
  load: (keys: readonly Key[], context: Context) => Promise<readonly (Value | Error)[]>,
): (context: Context) => DataLoader<Key, Value> {
  return createContextCache((context: Context) => new DataLoader<Key, Value>((keys) => load(keys, context)));
}
