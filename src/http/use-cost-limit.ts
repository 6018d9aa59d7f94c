import { type ExecutionArgs, type GraphQLError, getOperationAST } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { refuseOperation } from '../graph/operation-cost.ts';

/** Refuses variables that do not fit and operations that could cost too much, before anything of them is executed. */
export function useCostLimit(): Plugin {
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

function refusalsOf(args: ExecutionArgs): readonly GraphQLError[] | undefined {
  const operation = getOperationAST(args.document, args.operationName);
  if (operation == null) return undefined;
  return refuseOperation({
    schema: args.schema,
    document: args.document,
    operation,
    variables: args.variableValues ?? {},
    context: args.contextValue ?? {},
  });
}
