import type { GraphQLSchema } from 'graphql';
import { createYoga, type YogaServerInstance } from 'graphql-yoga';
import type { GrantWatch } from '../access/grant-watch.ts';
import type { Metrics } from '../http/metrics.ts';
import { recentDocuments } from './recent-documents.ts';
import type { RequestContext } from './request-context.ts';
import { useCostLimit } from './use-cost-limit.ts';
import { useDocumentLimits } from './use-document-limits.ts';
import { useGrants } from './use-grants.ts';
import { useIdempotencyHeader } from './use-idempotency-header.ts';
import { useIntrospectionGate } from './use-introspection-gate.ts';
import { useOperationMetrics } from './use-operation-metrics.ts';
import { useSharedResults } from './use-shared-results.ts';

export type Yoga = YogaServerInstance<RequestContext, object>;

/**
 * The pipeline from a document's text to its result, the same for every transport: each uses `getEnveloped`
 * (operation.ts). Yoga's own handling of HTTP is not used. It executes operations whose result it then cannot send,
 * because it chooses the media type last; it notices that a client has left a stream only when it writes next; and it
 * does not support Apollo's subscriptions.
 */
export function createGraphQLYoga(options: {
  schema: GraphQLSchema;
  production: boolean;
  grantWatch: Pick<GrantWatch, 'watch'>;
  metrics: Metrics;
}): Yoga {
  return createYoga<RequestContext>({
    schema: options.schema,
    graphqlEndpoint: '/graphql',
    // This is done at the very end, where the request's id is known (mask-result.ts).
    maskedErrors: false,
    logging: false,
    parserAndValidationCache: {
      documentCache: recentDocuments(),
      errorCache: recentDocuments(),
      validationCache: true,
    },
    plugins: [
      // The order matters: cheap checks that can refuse come first. Tokens and sizes are checked before any
      // validation rule walks the document.
      useDocumentLimits(),
      // It adds a validation rule, so that the cache of validations keeps both kinds of results apart.
      useIntrospectionGate(options),
      // It measures executed operations, and those that the next plugin refuses.
      useOperationMetrics(options.metrics),
      useCostLimit(),
      useIdempotencyHeader(),
      // It comes after the cost check, because a refused subscription needs no watch.
      useGrants(options.grantWatch),
      useSharedResults(),
    ],
  });
}
