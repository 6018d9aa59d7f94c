import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { RequestError } from '../errors.ts';
import { refuseSharedHeader } from '../idempotency/refuse-shared-header.graph.ts';
import type { RequestContext } from './request-context.ts';

/** Refuses a document that would use the key in the header for several acts, before anything is executed. */
export function useIdempotencyHeader(): Plugin<RequestContext> {
  return {
    onExecute({ args, setResultAndStopExecution }) {
      if (args.contextValue.idempotencyKey === undefined) return;
      try {
        refuseSharedHeader(args);
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
        setResultAndStopExecution({
          errors: [new GraphQLError(error.message, { originalError: error })],
        });
      }
    },
  };
}
