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
