import type { Plugin } from 'graphql-yoga';
import type { GrantWatch } from '../access/grant-watch.ts';
import type { RequestContext } from './request-context.ts';
import { ResultStream } from './result-stream.ts';

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
        onSubscribeResult({ result }) {
          if (!(result instanceof ResultStream)) return;
          // The watch begins only now, because a refused or failed operation would never release it.
          const grant = grantWatch.watch(actor);
          context.grantSignal = grant.ending;
          result.endWith(grant.ending);
          result.whenEnded(() => grant.release());
        },
      };
    },
  };
}
