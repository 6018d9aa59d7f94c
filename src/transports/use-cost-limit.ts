import { type ExecutionArgs, GraphQLError, getOperationAST } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { refuseEdge } from '../graph/edge-guard.ts';
import { refuseOperation } from '../graph/operation-cost.ts';
import type { RequestContext } from './request-context.ts';

/**
 * Refuses invalid variables, operations that could cost too much, and edges that the caller may not follow, before
 * anything is executed.
 */
export function useCostLimit(): Plugin<RequestContext> {
  return {
    onExecute({ args, setResultAndStopExecution }) {
      const errors = refusalsOf(args);
      if (errors !== undefined) setResultAndStopExecution({ errors });
    },
    onSubscribe({ args, setResultAndStopExecution }) {
      const errors = refusalsOf(args);
      if (errors !== undefined) setResultAndStopExecution({ errors });
    },
  };
}

function refusalsOf(
  args: Omit<ExecutionArgs, 'contextValue'> & { contextValue: RequestContext },
): readonly GraphQLError[] | undefined {
  const operation = getOperationAST(args.document, args.operationName);
  if (operation == null) return undefined;
  const asked = {
    schema: args.schema,
    document: args.document,
    operation,
    variables: args.variableValues ?? {},
    context: args.contextValue,
  };
  const errors = refuseOperation(asked);
  if (errors !== undefined) return errors;
  const refusal = refuseEdge(asked);
  return refusal === undefined ? undefined : [new GraphQLError(refusal.message, { originalError: refusal })];
}
