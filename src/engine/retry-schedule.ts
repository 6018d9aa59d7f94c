import { dayMs } from '../clock.ts';

/** Each delay is spread by up to a fifth, either way. */
const jitter = 0.2;
/** A receiver may ask for patience (RFC 9110, Retry-After), but not for more than a day. */
const maxRetryAfterMs = dayMs;

/**
 * When the next attempt is made: milliseconds after the last one, or undefined where the schedule has run out. The
 * schedule holds the delay before each attempt, so its length is the number of attempts (Standard Webhooks: 0, 5 s,
 * 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h).
 */
export function retryDelayMs(options: {
  scheduleSeconds: readonly number[];
  maxAttempts: number;
  made: number;
  retryAfterMs: number | undefined;
  /** From 0 to 1. */
  random: number;
}): number | undefined {
  const { scheduleSeconds, made, random } = options;
  if (made >= options.maxAttempts) return undefined;
  // A shorter schedule than the delivery was created under: its last delay serves on.
  const seconds = scheduleSeconds[Math.min(made, scheduleSeconds.length - 1)] ?? 0;
  const planned = seconds * 1000 * (1 + jitter * (2 * random - 1));
  const asked = Math.min(options.retryAfterMs ?? 0, maxRetryAfterMs);
  return Math.round(Math.max(planned, asked));
}

/** Seconds from a delivery's creation to its last attempt where every delay is as long as it can be. */
export function longestScheduleSeconds(scheduleSeconds: readonly number[]): number {
  return scheduleSeconds.reduce((sum, seconds) => sum + seconds, 0) * (1 + jitter);
}

/** What a `Retry-After` header asks for, in milliseconds from `now`; undefined where it says nothing that is valid. */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  const text = value.trim();
  if (/^\d{1,20}$/.test(text)) return Number(text) * 1000;
  // An HTTP date only: Date.parse alone would take many things.
  if (!/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? .+ GMT$/.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
