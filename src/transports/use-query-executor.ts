import { getOperationAST, OperationTypeNode } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { executeQuery } from '../execution/execute-query.ts';
import type { RequestContext } from './request-context.ts';

/** Queries are executed by our own executor, mutations by Yoga's. */
export function useQueryExecutor(): Plugin<RequestContext> {
  return {
    onExecute({ args, setExecuteFn }) {
      const operation = getOperationAST(args.document, args.operationName);
      if (operation?.operation === OperationTypeNode.QUERY) setExecuteFn(executeQuery);
    },
  };
}
