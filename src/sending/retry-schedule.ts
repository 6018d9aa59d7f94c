import { dayMs } from '../clock.ts';

/** The limit for attempts in an endpoint’s own schedule, which has one entry for each. */
export const maxScheduleEntries = 20;

/** The jitter: each delay of a retry schedule is varied at random by up to this part of it, either way. */
export const retrySpread = 0.2;

/** The longest time from a delivery's creation to its last attempt, in seconds, with the largest jitter. */
export function longestScheduleSeconds(scheduleSeconds: readonly number[]): number {
  return scheduleSeconds.reduce((sum, seconds) => sum + seconds, 0) * (1 + retrySpread);
}

/** A receiver may ask for a longer wait (RFC 9110, Retry-After), up to one day. */
const maxRetryAfterMs = dayMs;

/**
 * The delay from the last attempt to the next one, in milliseconds, or undefined if there are no attempts left. The
 * schedule has the delay before each attempt, so its length is the number of attempts (Standard Webhooks: 0, 5 s,
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
  // The schedule has become shorter since the delivery was created. Its last delay is used for the rest.
  const seconds = scheduleSeconds[Math.min(made, scheduleSeconds.length - 1)] ?? 0;
  const planned = seconds * 1000 * (1 + retrySpread * (2 * random - 1));
  const asked = Math.min(options.retryAfterMs ?? 0, maxRetryAfterMs);
  return Math.round(Math.max(planned, asked));
}

/** The delay that a `Retry-After` header asks for, in milliseconds from `now`. Undefined if it is not valid. */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  const text = value.trim();
  if (/^\d{1,20}$/.test(text)) return Number(text) * 1000;
  const at = parseHttpDate(text, now);
  return at === undefined ? undefined : Math.max(0, at - now);
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const time = '(\\d\\d):(\\d\\d):(\\d\\d)';
/** The three forms that a recipient must accept (https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7). */
const httpDates = [
  // Sun, 06 Nov 1994 08:49:37 GMT
  new RegExp(
    `^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?<day>\\d\\d) (?<month>[A-Z][a-z]{2}) (?<year>\\d{4}) ${time} GMT$`,
  ),
  // Sunday, 06-Nov-94 08:49:37 GMT
  new RegExp(`^[A-Z][a-z]{5,8}, (?<day>\\d\\d)-(?<month>[A-Z][a-z]{2})-(?<year>\\d\\d) ${time} GMT$`),
  // Sun Nov  6 08:49:37 1994
  new RegExp(
    `^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?<month>[A-Z][a-z]{2}) (?<day>[ \\d]\\d) ${time} (?<year>\\d{4})$`,
  ),
];

function parseHttpDate(text: string, now: number): number | undefined {
  for (const form of httpDates) {
    const found = form.exec(text);
    if (found === null) continue;
    const { day, month = '', year = '' } = found.groups ?? {};
    const [hour, minute, second] = (/\d\d:\d\d:\d\d/.exec(text)?.[0] ?? '').split(':').map(Number);
    const monthIndex = months.indexOf(month);
    if (monthIndex < 0 || hour === undefined || minute === undefined || second === undefined)
      return undefined;
    if (hour > 23 || minute > 59 || second > 60) return undefined;
    const at = Date.UTC(fullYear(year, now), monthIndex, Number(day), hour, minute, second);
    return new Date(at).getUTCDate() === Number(day) || second === 60 ? at : undefined;
  }
  return undefined;
}

/** A year of two digits that seems to be more than 50 years in the future is the last year with these digits. */
function fullYear(year: string, now: number): number {
  if (year.length === 4) return Number(year);
  const thisYear = new Date(now).getUTCFullYear();
  const inThisCentury = thisYear - (thisYear % 100) + Number(year);
  return inThisCentury > thisYear + 50 ? inThisCentury - 100 : inThisCentury;
}
