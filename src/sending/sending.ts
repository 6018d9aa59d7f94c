import { dayMs } from '../clock.ts';
import type { ValidationIssue } from '../errors.ts';
import { filterIssues } from '../filters/check-filter.ts';
import type { EndpointSending, SignatureScheme, StoredCondition } from '../tables.ts';
import { isEmail, isStorable } from '../text.ts';
import { type HeaderValue, headerIssues, shownHeaders, storeHeaders } from './endpoint-headers.ts';
import { maxScheduleEntries, retrySpread } from './retry-schedule.ts';
import type { SigningSecrets } from './signing-secrets.ts';

export const shortestTimeoutMs = 1_000;
export const longestTimeoutMs = 60_000;
export const maxStopStatuses = 100;
export const maxAlertEmails = 5;

/** An owner's settings for sending. An absent field stays unchanged; null restores the default. */
export type SendingChange = Readonly<{
  headers?: readonly HeaderValue[] | null | undefined;
  retrySchedule?: readonly number[] | null | undefined;
  timeoutMs?: number | null | undefined;
  stopOn?: readonly number[] | null | undefined;
  headerPrefix?: string | null | undefined;
  filter?: readonly StoredCondition[] | null | undefined;
  alertEmails?: readonly string[] | null | undefined;
  sendTraceparent?: boolean | null | undefined;
  /** Only at creation. */
  signature?: SignatureScheme | undefined;
}>;

export const usualHeaderPrefix = 'webhook-';
const headerPrefixes: readonly string[] = [usualHeaderPrefix, 'svix-'];

const sendingFields = [
  'headers',
  'filter',
  'retrySchedule',
  'timeoutMs',
  'stopOn',
  'headerPrefix',
  'alertEmails',
  'sendTraceparent',
  'signature',
] as const;

/** The part of an input that is about sending. Undefined if none of it is given. */
export function sendingChange(input: SendingChange): SendingChange | undefined {
  const given = Object.fromEntries(sendingFields.map((field) => [field, input[field]]));
  return Object.values(given).every((value) => value === undefined) ? undefined : given;
}

export function sendingIssues(
  change: SendingChange | undefined,
  rules: { retentionDays: number },
): ValidationIssue[] {
  if (change === undefined) return [];
  return [
    ...(change.headers == null ? [] : headerIssues(change.headers)),
    ...(change.filter == null ? [] : filterIssues(change.filter)),
    ...(change.retrySchedule == null ? [] : scheduleIssues(change.retrySchedule, rules)),
    ...(change.timeoutMs == null ? [] : timeoutIssues(change.timeoutMs)),
    ...(change.stopOn == null ? [] : statusIssues(change.stopOn)),
    ...(change.alertEmails == null ? [] : alertEmailIssues(change.alertEmails)),
    ...(change.headerPrefix == null ? [] : prefixIssues(change.headerPrefix)),
  ];
}

function scheduleIssues(
  schedule: readonly number[],
  { retentionDays }: { retentionDays: number },
): ValidationIssue[] {
  const path = ['retrySchedule'];
  if (schedule.length === 0 || schedule.length > maxScheduleEntries) {
    const message = `A retry schedule must have 1 to ${maxScheduleEntries} entries, which are the delays before each attempt.`;
    return [{ path, code: 'OUT_OF_RANGE', message }];
  }
  const bad = schedule.findIndex((seconds) => !Number.isInteger(seconds) || seconds < 0);
  if (bad >= 0) {
    const message = 'A delay must be a whole number of seconds, 0 or more.';
    return [{ path: [...path, bad], code: 'OUT_OF_RANGE', message }];
  }
  const most = Math.floor((retentionDays * dayMs) / 2_000 / (1 + retrySpread));
  if (schedule.reduce((sum, seconds) => sum + seconds, 0) <= most) return [];
  const message = `All delays together can be at most ${most.toLocaleString('en')} seconds. With a fifth added, that is half of the ${retentionDays} days for which deliveries are kept.`;
  return [{ path, code: 'OUT_OF_RANGE', message }];
}

function timeoutIssues(timeoutMs: number): ValidationIssue[] {
  if (Number.isInteger(timeoutMs) && timeoutMs >= shortestTimeoutMs && timeoutMs <= longestTimeoutMs)
    return [];
  const message = `\`timeoutMs\` must be from ${shortestTimeoutMs.toLocaleString('en')} to ${longestTimeoutMs.toLocaleString('en')}, or null for the server's default.`;
  return [{ path: ['timeoutMs'], code: 'OUT_OF_RANGE', message }];
}

function prefixIssues(prefix: string): ValidationIssue[] {
  if (headerPrefixes.includes(prefix)) return [];
  const message = `\`headerPrefix\` must be one of ${headerPrefixes.map((one) => `\`${one}\``).join(', ')}.`;
  return [{ path: ['headerPrefix'], code: 'UNKNOWN', message }];
}

function alertEmailIssues(emails: readonly string[]): ValidationIssue[] {
  if (emails.length > maxAlertEmails) {
    const message = `At most ${maxAlertEmails} addresses are allowed.`;
    return [{ path: ['alertEmails'], code: 'TOO_MANY', message }];
  }
  return emails.flatMap((email, index): ValidationIssue[] => {
    const path = ['alertEmails', index];
    if (!isEmail(email) || !isStorable(email)) {
      return [{ path, code: 'INVALID_EMAIL', message: 'This is not an email address.' }];
    }
    return emails.indexOf(email) === index
      ? []
      : [{ path, code: 'DUPLICATE', message: 'This address is in the list already.' }];
  });
}

function statusIssues(statuses: readonly number[]): ValidationIssue[] {
  if (statuses.length > maxStopStatuses) {
    return [
      { path: ['stopOn'], code: 'TOO_MANY', message: `At most ${maxStopStatuses} statuses are allowed.` },
    ];
  }
  return statuses.flatMap((status, index): ValidationIssue[] => {
    const path = ['stopOn', index];
    if (!Number.isInteger(status) || status < 400 || status > 599) {
      return [{ path, code: 'OUT_OF_RANGE', message: 'A status must be from 400 to 599.' }];
    }
    return statuses.indexOf(status) === index
      ? []
      : [{ path, code: 'DUPLICATE', message: `${status} is in the list already.` }];
  });
}

/** The settings to store after a change. Null if all of them are the defaults. */
export function changeSending(
  secrets: SigningSecrets,
  place: { ownerId: string; endpointId: string },
  { before, change }: { before: EndpointSending | null; change: SendingChange },
): EndpointSending | null {
  const next: Record<string, unknown> = { ...before };
  for (const field of sendingFields) {
    const value = change[field];
    if (value === undefined) continue;
    if (isUsual(value)) delete next[field];
    else next[field] = value;
  }
  if (change.headers != null && change.headers.length > 0) {
    next.headers = storeHeaders(secrets, place, { given: change.headers, before: before?.headers ?? [] });
  }
  return Object.keys(next).length === 0 ? null : next;
}

const isUsual = (value: unknown): boolean =>
  value === null ||
  value === false ||
  value === usualHeaderPrefix ||
  value === 'HMAC_SHA256' ||
  (Array.isArray(value) && value.length === 0);

/** The settings that were given at creation, for the audit log. */
export function sendingSet(sending: EndpointSending | null): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    sendingFields.flatMap((field) =>
      sending?.[field] === undefined ? [] : [[field, shown(sending, field)]],
    ),
  );
}

type Change = Readonly<{ from: unknown; to: unknown }>;

/** The changes for the audit log. It contains no secret value, but says that one has changed. */
export function sendingDifferences(
  before: EndpointSending | null,
  after: EndpointSending | null,
): Readonly<Record<string, Change>> {
  const changes: Record<string, Change> = {};
  for (const field of sendingFields) {
    if (JSON.stringify(before?.[field]) === JSON.stringify(after?.[field])) continue;
    const from = shown(before, field);
    const to = shown(after, field);
    changes[field] = { from, to };
    const renewed = field === 'headers' ? renewedSecrets(before, after) : [];
    if (renewed.length > 0) changes.secretHeaders = { from: renewed, to: 'other values' };
  }
  return changes;
}

/** The names of secret headers whose value has changed. */
function renewedSecrets(before: EndpointSending | null, after: EndpointSending | null): string[] {
  const old = new Map((before?.headers ?? []).map((header) => [header.name.toLowerCase(), header]));
  return (after?.headers ?? []).flatMap((header) => {
    const known = old.get(header.name.toLowerCase());
    const isRenewed =
      known !== undefined && 'sealed' in known && 'sealed' in header && known.sealed !== header.sealed;
    return isRenewed ? [header.name] : [];
  });
}

function shown(sending: EndpointSending | null, field: (typeof sendingFields)[number]): unknown {
  if (field === 'headers') return shownHeaders(sending?.headers ?? []);
  return sending?.[field] ?? null;
}
