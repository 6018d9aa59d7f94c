import { type ExecutionArgs, GraphQLError, getOperationAST } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { refuseCostlyOperation } from '../graph/operation-cost.ts';

/** Refuses operations that could cost too much, before anything of them is executed. */
export function useCostLimit(): Plugin {
  return {
    onExecute({ args, setResultAndStopExecution }) {
      const refusal = refusalOf(args);
      if (refusal !== undefined) setResultAndStopExecution({ errors: [refusal] });
    },
    onSubscribe({ args, setResultAndStopExecution }) {
      const refusal = refusalOf(args);
      if (refusal !== undefined) setResultAndStopExecution({ errors: [refusal] });
    },
  };
}

function refusalOf(args: ExecutionArgs): GraphQLError | undefined {
  const operation = getOperationAST(args.document, args.operationName);
  if (operation == null) return undefined;
  const refusal = refuseCostlyOperation({
    schema: args.schema,
    document: args.document,
    operation,
    variables: args.variableValues ?? {},
    context: args.contextValue ?? {},
  });
  return refusal && new GraphQLError(refusal.message, { originalError: refusal });
}
