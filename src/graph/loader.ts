import { createContextCache } from '@pothos/core';
import DataLoader from 'dataloader';
import type { Context } from './context.ts';

/**
 * Combines reads of single records into one statement: `const endpointOf = loader(load)`, then in a resolver
 * `endpointOf(context).load(key)`. It remembers records for one request, or for one event of a subscription. `load`
 * must return its answers in the order of the keys. Its SQL must filter by owner, because the keys do not tell who
 * may see a record. An Error among the answers is thrown to the caller that asked for its key.
 */
export function loader<Key, Value>(
  load: (keys: readonly Key[], context: Context) => Promise<readonly (Value | Error)[]>,
): (context: Context) => DataLoader<Key, Value> {
  return createContextCache((context: Context) => new DataLoader<Key, Value>((keys) => load(keys, context)));
}
