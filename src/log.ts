import { type Logger, pino } from 'pino';

export type { Logger };

/** Fields whose values never reach a log line, wherever in an object they stand one or two levels deep. */
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

/** One JSON line per event on standard output. Write no secrets into messages: only fields are redacted. */
export function createLogger(level: string): Logger {
  return pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: redacted.flatMap((name) => [`["${name}"]`, `*["${name}"]`]), censor: '[redacted]' },
    formatters: { level: (label) => ({ level: label }) },
  });
}

const repeatEveryMs = 10_000;
const repeated = new WeakMap<Logger, Map<string, { writtenAt: number; leftOut: number }>>();

/**
 * Warns of what happens again and again while something outside is away: the first time at once, then one line each ten
 * seconds that says how many were left out. Without a stack: an outage is no fault of the code.
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

/** What an error says, and what caused it: enough to know what was away. */
export function causesOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message} ${causesOf(error.cause)}`;
}
