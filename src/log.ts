import { trace } from '@opentelemetry/api';
import { type Logger, pino } from 'pino';

export type { Logger };

/** Names of fields whose values are never logged, whether they stand one or two levels deep in an object. */
const redacted = [
  'authorization',
  'cookie',
  'secret',
  'token',
  'key',
  'password',
  'webhook-signature',
  'x-test-control',
  'state',
];

/** One JSON line per event on standard output. Never put a secret into a message: only fields are redacted. */
export function createLogger(level: string): Logger {
  return pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: redacted.flatMap((name) => [`["${name}"]`, `*["${name}"]`]), censor: '[redacted]' },
    mixin: spanIds,
    formatters: { level: (label) => ({ level: label }) },
  });
}

/** The ids of the span in which a line is written. A span that has ended, or that is not kept, would lead nowhere. */
function spanIds(): { trace_id?: string; span_id?: string } {
  const span = trace.getActiveSpan();
  if (span?.isRecording() !== true) return {};
  const { traceId, spanId } = span.spanContext();
  return { trace_id: traceId, span_id: spanId };
}

const repeatEveryMs = 10_000;
const repeated = new WeakMap<Logger, Map<string, { writtenAt: number; leftOut: number }>>();

/**
 * Logs a warning that would repeat many times during an outage: the first one at once, then at most one line every ten
 * seconds, which says how many were left out. There is no stack trace, since an outage is not a fault of the code.
 */
export function warnAtTimes(
  logger: Logger,
  fields: Readonly<Record<string, unknown>>,
  message: string,
): void {
  const lines = repeated.get(logger) ?? new Map<string, { writtenAt: number; leftOut: number }>();
  repeated.set(logger, lines);
  const line = lines.get(message);
  const now = performance.now();
  if (line !== undefined && now - line.writtenAt < repeatEveryMs) {
    line.leftOut += 1;
    return;
  }
  lines.set(message, { writtenAt: now, leftOut: 0 });
  logger.warn(
    { ...fields, ...(line === undefined || line.leftOut === 0 ? {} : { leftOut: line.leftOut }) },
    message,
  );
}

/** The messages of an error and of its causes: enough to know what was not available. */
export function causesOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message} ${causesOf(error.cause)}`;
}
