import { cacheExchange } from '@urql/exchange-graphcache';
import { createContext } from 'react';
import { Client, CombinedError, fetchExchange, formatDocument, mapExchange } from 'urql';
import { currentToken, signOut } from './session.ts';
import { noteDocuments } from './used-documents.ts';

/** Records are cached by their `id`. A record without one belongs to the record that contains it. */
const ownerless = () => null;
const keys = {
  CappedCount: ownerless,
  DeliveryStats: ownerless,
  DeliveryStatsBucket: ownerless,
  EndpointState: ownerless,
  LatencyBucket: ownerless,
  EndpointCircuit: ownerless,
  EndpointHeader: ownerless,
  EndpointVerification: ownerless,
  HttpHeader: ownerless,
  FilterPreview: ownerless,
  FilterPreviewEvent: ownerless,
  PageInfo: ownerless,
  PayloadCondition: ownerless,
  Viewer: ownerless,
};

const watchRefusals = mapExchange({
  onError(error) {
    const refused = error.graphQLErrors.some(({ extensions }) => extensions.code === 'UNAUTHENTICATED');
    if (refused) signOut('Your token is not valid, or no longer. Sign in again to go on where you were.');
  },
});
/**
 * urql's types promise all of the data or none, but an answer without data says `null`, and so does the cache where an
 * answer lacks something.
 */
const withoutNull = mapExchange({
  onResult(result) {
    if (result.data !== null) return result;
    const { error = new CombinedError({ graphQLErrors: ['The answer could not be read.'] }) } = result;
    return { ...result, data: undefined, error };
  },
});
/**
 * The server answers sooner. On a connection that is dead, though nobody was told, an answer would never come. A question
 * is given up earlier, because it can be asked again without a doubt.
 */
const actWithinMs = 60_000;
const readWithinMs = 15_000;

const fetchWithin =
  (ms: number): typeof fetch =>
  (address, options = {}) => {
    const ended = AbortSignal.timeout(ms);
    const signal = options.signal == null ? ended : AbortSignal.any([ended, options.signal]);
    return fetch(address, { ...options, signal });
  };

export const common = {
  url: '/graphql',
  preferGetMethod: false,
  fetch: fetchWithin(actWithinMs),
  fetchOptions: () => ({ headers: { authorization: `Bearer ${currentToken() ?? ''}` } }),
} as const;

/** The client of the API for one credential. Another credential must not see the data of the last one. */
export function createApi(): Client {
  return new Client({
    ...common,
    fetch: fetchWithin(readWithinMs),
    requestPolicy: 'cache-and-network',
    exchanges: [withoutNull, watchRefusals, noteDocuments, cacheExchange({ keys }), fetchExchange],
  });
}

/** Mutations are sent in the same text as in the list of known documents: with every `__typename`. */
export const inKnownText = mapExchange({
  onOperation: (operation) => ({ ...operation, query: Object(formatDocument(operation.query)) }),
});

/**
 * The client for mutations. It has no cache, because the cache drops errors, and it does not list documents, because what
 * is given may be a secret. Whoever acts reads anew what the act has changed.
 */
export const ActsContext = createContext(
  new Client({ ...common, exchanges: [withoutNull, watchRefusals, inKnownText, fetchExchange] }),
);
