import { type ExecutionArgs, getOperationAST, Kind } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Metrics } from '../http/metrics.ts';
import type { RequestContext } from './request-context.ts';
import { ResultStream } from './result-stream.ts';

/** Counts and times operations, and counts open subscriptions. */
export function useOperationMetrics(metrics: Metrics): Plugin<RequestContext> {
  return {
    onExecute({ args }) {
      const { type, field } = nameOf(args);
      const startedAt = performance.now();
      return {
        onExecuteDone({ result }) {
          const outcome = hasErrors(result) ? 'error' : 'ok';
          metrics.operated(type, field, outcome, (performance.now() - startedAt) / 1000);
        },
      };
    },
    onSubscribe({ args }) {
      const { type, field } = nameOf(args);
      const startedAt = performance.now();
      return {
        onSubscribeResult({ result }) {
          const outcome = hasErrors(result) ? 'error' : 'ok';
          metrics.operated(type, field, outcome, (performance.now() - startedAt) / 1000);
          if (result instanceof ResultStream)
            result.whenEnded(metrics.subscribed(args.contextValue.transport));
        },
      };
    },
  };
}

const hasErrors = (result: object) => 'errors' in result && result.errors !== undefined;

function nameOf({ document, operationName, schema }: ExecutionArgs): { type: string; field: string } {
  const operation = getOperationAST(document, operationName);
  const first = operation?.selectionSet.selections.find(({ kind }) => kind === Kind.FIELD);
  const field = first?.kind === Kind.FIELD ? first.name.value : '';
  const known =
    operation != null && schema.getRootType(operation.operation)?.getFields()[field] !== undefined;
  return { type: operation?.operation ?? 'none', field: known ? field : 'other' };
}
