import type { GraphQLSchema } from 'graphql';
import { createYoga, type YogaServerInstance } from 'graphql-yoga';
import type { GrantWatch } from '../access/grant-watch.ts';
import type { MaskScope } from '../graph/mask-error.ts';
import type { Metrics } from './metrics.ts';
import { recentDocuments } from './recent-documents.ts';
import type { RequestContext } from './request-context.ts';
import type { DocumentGate } from './trusted-documents.ts';
import { useCostLimit } from './use-cost-limit.ts';
import { useDocumentLimits } from './use-document-limits.ts';
import { useGrants } from './use-grants.ts';
import { useIdempotencyHeader } from './use-idempotency-header.ts';
import { useIntrospectionGate } from './use-introspection-gate.ts';
import { useMaskedResults } from './use-masked-results.ts';
import { useOperationMetrics } from './use-operation-metrics.ts';
import { useTrustedDocuments } from './use-trusted-documents.ts';

export type Yoga = YogaServerInstance<RequestContext, object>;

/**
 * The way from a request's text to its result, for HTTP and, through `getEnveloped`, for WebSocket. What Yoga has of
 * its own and does more loosely than we want is off: CORS, body limit, multipart, GraphiQL from a CDN, masking.
 */
export function createGraphQLYoga(options: {
  schema: GraphQLSchema;
  production: boolean;
  grantWatch: Pick<GrantWatch, 'watch'>;
  metrics: Metrics;
  documentGate: DocumentGate;
  scopeOf: (context: object) => MaskScope;
}): Yoga {
  return createYoga<RequestContext>({
    schema: options.schema,
    graphqlEndpoint: '/graphql',
    // Done before Yoga sees the request (graphql-endpoint.ts).
    cors: false,
    graphiql: false,
    landingPage: false,
    maxRequestBodySize: false,
    multipart: false,
    batching: false,
    extraParamNames: ['documentId'],
    // Done at the very end, with the request's id at hand (use-masked-results.ts).
    maskedErrors: false,
    logging: false,
    parserAndValidationCache: {
      documentCache: recentDocuments(),
      errorCache: recentDocuments(),
      validationCache: true,
    },
    plugins: [
      // The order matters: what is cheap and refuses comes first.
      // Which text is meant, before anybody parses it.
      useTrustedDocuments(options.documentGate),
      // Tokens and sizes, before any validation rule walks the document.
      useDocumentLimits(),
      // Adds a rule, so that the cache of validations knows both kinds of answers apart by it.
      useIntrospectionGate(options),
      // Times what is executed and what the next one refuses.
      useOperationMetrics(options.metrics),
      useCostLimit(),
      useIdempotencyHeader(),
      // After the cost: a refused subscription needs no watch.
      useGrants(options.grantWatch),
      // Last of what touches the result: every error passes it.
      useMaskedResults(options.scopeOf),
    ],
  });
}
