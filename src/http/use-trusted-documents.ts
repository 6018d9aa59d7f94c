import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { RequestError } from '../errors.ts';
import type { DocumentGate } from './trusted-documents.ts';

/** Puts the document's text in the place of its id, or refuses it, before Yoga looks at it. WebSocket asks the gate itself. */
export function useTrustedDocuments(gate: DocumentGate): Plugin {
  return {
    onParams({ request, params, setParams }) {
      if (typeof params !== 'object' || params === null) return;
      const documentId =
        request.method === 'GET' ? new URL(request.url).searchParams.get('documentId') : fieldOf(params);
      const query = admitted(gate, { ...params, documentId });
      // Without a text the parameters stay as they are, and Yoga says what is missing.
      if (query !== undefined) setParams({ ...params, query });
    },
  };
}

const fieldOf = (params: object): unknown => Reflect.get(params, 'documentId');

function admitted(gate: DocumentGate, asked: Parameters<DocumentGate>[0]): string | undefined {
  try {
    return gate(asked);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    throw new GraphQLError(error.message, { originalError: error, extensions: { http: { status: 400 } } });
  }
}
