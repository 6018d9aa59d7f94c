import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';

/** Makes nothing until `startTracing` has switched tracing on. */
export const tracer = trace.getTracer('heliograph');

let isOn = false;

/** Whether there is a collector. Where there is none, nobody asks for a span, so that nothing is spent on it. */
export const isTracing = (): boolean => isOn;

export function setTracing(on: boolean): void {
  isOn = on;
}

/** The database as a span's attributes name it. */
export const database = (operation: string): Attributes => ({
  'db.system.name': 'postgresql',
  'db.operation.name': operation,
});

/** A step of an event's way, as a span's attributes name it. `type` is one of the semantic conventions for messaging. */
export const messaging = (name: string, type: string): Attributes => ({
  'messaging.system': 'heliograph',
  'messaging.operation.name': name,
  'messaging.operation.type': type,
});

/** The context of a span that another process has begun; that of a new trace where there is none. */
export const below = (parent: SpanContext | undefined): Context =>
  parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);

/** Ends a span whose work has failed. The message of an error may repeat input, so only its kind is told. */
export function endAsFailed(span: Span, kind: string): void {
  span.setAttribute('error.type', kind);
  span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}

/** A word for what was thrown: the code of an error that callers may see, otherwise the name of its class. */
export function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return '_OTHER';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
