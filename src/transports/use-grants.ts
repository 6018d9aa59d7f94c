import { type ExecutionResult, GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { GrantWatch } from '../access/grant-watch.ts';
import type { RequestContext } from './request-context.ts';
import { endableStream } from './stream.ts';

/**
 * Ends a subscription over HTTP when its credential expires or is revoked, with one last result that says
 * UNAUTHENTICATED. Over WebSocket the socket itself is closed.
 */
export function useGrants(grantWatch: Pick<GrantWatch, 'watch'>): Plugin<RequestContext> {
  return {
    onSubscribe({ args }) {
      const context = args.contextValue;
      if (context.transport === 'ws' || context.actor === undefined) return undefined;
      const { actor } = context;
      return {
        onSubscribeResult({ result, setResult }) {
          if (!(Symbol.asyncIterator in result)) return;
          // The watch begins only now, because a refused or failed operation would never release it.
          const grant = grantWatch.watch(actor);
          context.grantSignal = grant.signal;
          setResult(
            endableStream<ExecutionResult>(result, {
              signal: grant.signal,
              last: (reason) => ({ errors: [asGraphQLError(reason)] }),
              onEnd: grant.release,
            }),
          );
        },
      };
    },
  };
}

const asGraphQLError = (reason: unknown) =>
  new GraphQLError('The credential is no longer valid.', {
    ...(reason instanceof Error ? { originalError: reason } : {}),
  });
