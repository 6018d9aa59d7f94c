import { context, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { spanContextOf, type TraceContext } from './trace-context.ts';
import { below, endAsFailed, isTracing, tracer } from './tracer.ts';

type Answered = Readonly<{ statusCode: number }>;

/** Answers a request for an operation of GraphQL within a span of its own, below the caller's. */
export async function traceRequest(
  asked: Readonly<{
    method: string;
    operation: string;
    response: Answered;
    caller: TraceContext | undefined;
  }>,
  answer: () => Promise<void>,
): Promise<void> {
  if (!isTracing()) return await answer();
  const { method, response } = asked;
  const caller = asked.caller === undefined ? undefined : spanContextOf(asked.caller);
  const attributes = {
    'http.request.method': method,
    'http.route': '/graphql',
    'url.path': '/graphql',
    'url.scheme': 'http',
    'graphql.operation.type': asked.operation,
  };
  const span = tracer.startSpan(`${method} /graphql`, { kind: SpanKind.SERVER, attributes }, below(caller));
  try {
    await context.with(trace.setSpan(ROOT_CONTEXT, span), answer);
  } finally {
    span.setAttribute('http.response.status_code', response.statusCode);
    if (response.statusCode >= 500) endAsFailed(span, String(response.statusCode));
    else span.end();
  }
}
