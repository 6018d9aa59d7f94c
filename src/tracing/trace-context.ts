import type { IncomingHttpHeaders } from 'node:http';
import { createTraceState, type SpanContext, TraceFlags } from '@opentelemetry/api';

/**
 * The place where an event's trace goes on (w3.org/TR/trace-context): a `traceparent`, and after a space the
 * `tracestate`, if there is one. It is stored with the event and handed to receivers.
 *
 * What callers send is never kept as it is. It is read by the rules of W3C and written anew, so that nothing but ids, one
 * flag and at most 512 printable characters can come from outside. What does not follow the rules is left out, as W3C
 * demands, and never refused: a broken trace must not stop an event.
 */
export type TraceContext = string;

/** Later versions may be longer. They are read as if they were version 00, as W3C demands. */
const pattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-[\x20-\x7e]*)?$/;
const maxParentChars = 512;
const maxStateChars = 512;

/** From a request's headers. Undefined if there is no valid `traceparent`; then `tracestate` means nothing either. */
export function readTraceContext(headers: IncomingHttpHeaders): TraceContext | undefined {
  const { traceparent, tracestate } = headers;
  if (typeof traceparent !== 'string') return undefined;
  const context = parse(traceparent.trim(), Array.isArray(tracestate) ? tracestate.join(',') : tracestate);
  return context && writeTraceContext(context);
}

/** The span that the text names. Undefined if the text is not valid. */
export function spanContextOf(text: TraceContext): SpanContext | undefined {
  const end = text.indexOf(' ');
  return end < 0 ? parse(text, undefined) : parse(text.slice(0, end), text.slice(end + 1));
}

export function writeTraceContext({ traceId, spanId, traceFlags, traceState }: SpanContext): TraceContext {
  const flags = (traceFlags & TraceFlags.SAMPLED) === 0 ? '00' : '01';
  const state = traceState?.serialize() ?? '';
  return `00-${traceId}-${spanId}-${flags}${state === '' ? '' : ` ${state}`}`;
}

/** The headers that hand a trace on. */
export function traceHeaders(text: TraceContext): Readonly<Record<string, string>> {
  const end = text.indexOf(' ');
  return end < 0
    ? { traceparent: text }
    : { traceparent: text.slice(0, end), tracestate: text.slice(end + 1) };
}

function parse(parent: string, state: string | undefined): SpanContext | undefined {
  if (parent.length > maxParentChars) return undefined;
  const [, version = 'ff', traceId = '', spanId = '', flags = '', rest] = pattern.exec(parent) ?? [];
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  const traceState =
    state === undefined || state.length > maxStateChars ? undefined : createTraceState(state.trim());
  return {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED,
    isRemote: true,
    ...(traceState === undefined || traceState.serialize() === '' ? {} : { traceState }),
  };
}
