import { type ExecutionArgs, GraphQLError, getOperationAST } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { badUserInput } from '../errors.ts';
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
      const errors = isTooLong(args.variableValues) ? [tooLong()] : refusalsOf(args);
      if (errors !== undefined) setResultAndStopExecution({ errors });
    },
  };
}

/**
 * Variables stay in memory as long as their subscription lasts, and a caller may have 500 of them. A filter with all the
 * ids that it may have has 20,000 characters.
 */
const maxSubscriptionChars = 65_536;

function isTooLong(variables: unknown): boolean {
  let left = maxSubscriptionChars;
  const waiting: unknown[] = [variables];
  while (waiting.length > 0 && left >= 0) {
    const value = waiting.pop();
    left -= typeof value === 'string' ? value.length : 1;
    if (typeof value !== 'object' || value === null) continue;
    for (const [name, item] of Object.entries(value)) {
      left -= name.length;
      waiting.push(item);
    }
  }
  return left < 0;
}

function tooLong(): GraphQLError {
  const message = `The variables of a subscription can have at most ${maxSubscriptionChars} characters.`;
  return new GraphQLError(message, { originalError: badUserInput(message, { limit: maxSubscriptionChars }) });
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
