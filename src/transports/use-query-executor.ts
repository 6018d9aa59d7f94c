import { getOperationAST, Kind, type OperationDefinitionNode, OperationTypeNode } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { executeQuery } from '../execution/execute-query.ts';
import type { RequestContext } from './request-context.ts';

/** Queries, and mutations of one field, are executed by our own executor, the other mutations by Yoga's. */
export function useQueryExecutor(): Plugin<RequestContext> {
  return {
    onExecute({ args, setExecuteFn }) {
      const operation = getOperationAST(args.document, args.operationName);
      if (operation == null) return;
      if (operation.operation === OperationTypeNode.QUERY || hasOneField(operation))
        setExecuteFn(executeQuery);
    },
  };
}

function hasOneField({ selectionSet: { selections } }: OperationDefinitionNode): boolean {
  return selections.length === 1 && selections[0]?.kind === Kind.FIELD;
}
