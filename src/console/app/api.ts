import { cacheExchange } from '@urql/exchange-graphcache';
import { Client, fetchExchange, mapExchange } from 'urql';
import { currentToken, signOut } from './session.ts';
import { noteDocuments } from './used-documents.ts';

/** Records are kept by their `id`; what has none belongs to the record that it stands in. */
const ownerless = () => null;
const keys = {
  CappedCount: ownerless,
  DeliveryStats: ownerless,
  DeliveryStatsBucket: ownerless,
  EndpointCircuit: ownerless,
  EndpointVerification: ownerless,
  HttpHeader: ownerless,
  PageInfo: ownerless,
  Viewer: ownerless,
};

/** The client of the API for one credential: another one must see nothing that is left of the last. */
export function createApi(): Client {
  return new Client({
    url: '/graphql',
    preferGetMethod: false,
    requestPolicy: 'cache-and-network',
    exchanges: [
      mapExchange({
        onError(error) {
          const refused = error.graphQLErrors.some(({ extensions }) => extensions.code === 'UNAUTHENTICATED');
          if (refused)
            signOut('Your token is not valid, or no longer. Sign in again to go on where you were.');
        },
      }),
      noteDocuments,
      cacheExchange({ keys }),
      fetchExchange,
    ],
    fetchOptions: () => ({ headers: { authorization: `Bearer ${currentToken() ?? ''}` } }),
  });
}
