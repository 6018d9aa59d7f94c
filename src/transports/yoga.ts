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

export type Yoga = YogaServerInstance<RequestContext, object>;

/**
 * The way from a document's text to its result, the same for every transport: each goes through `getEnveloped`
 * (operation.ts). Yoga's own handling of HTTP is not used. It executes what it then cannot answer, as its answer's type
 * is chosen last; it notices a client that has left a stream only when it next writes to it; and it does not speak
 * Apollo's subscriptions.
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
    // Done at the very end, with the request's id at hand (mask-result.ts).
    maskedErrors: false,
    logging: false,
    parserAndValidationCache: {
      documentCache: recentDocuments(),
      errorCache: recentDocuments(),
      validationCache: true,
    },
    plugins: [
      // The order matters: what is cheap and refuses comes first.
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
    ],
  });
}
