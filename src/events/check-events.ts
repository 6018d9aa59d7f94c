import { createHash } from 'node:crypto';
import { platformOwnerId } from '../access/actor.ts';
import { LimitExceededError, ValidationError, type ValidationIssue } from '../errors.ts';
import { isReservedEventType } from '../event-types/event-type-name.ts';
import { isNestedDeeper, maxNesting } from '../event-types/nesting.ts';
import type { EventTypeCatalogue, KnownEventType, PayloadToCheck } from '../event-types/payload-validator.ts';
import { findLostNumber, hasLostNumbers, type LostNumber, parseExactly } from '../exact-json.ts';
import { canonicalJson } from '../idempotency/canonical-json.ts';
import { findRepeatedName, repeatedMessage } from '../repeated-names.ts';

/** The limits of one call and of one event. */
export const maxEventsPerCall = 1_000;
export const maxPayloadBytes = 262_144;
const maxKeyLength = 255;
/** Ids carry the time of publication. When the event happened is given by the publisher, within reason. */
const earliestMs = Date.UTC(1970, 0, 1);
const latestMs = Date.UTC(9999, 11, 31);

/** An event as the caller gave it. */
export type EventInput = Readonly<{
  tenant?: string | null | undefined;
  type: string;
  payload?: unknown;
  payloadText?: string | null | undefined;
  idempotencyKey?: string | null | undefined;
  occurredAt?: Date | null | undefined;
}>;

/** An event that may be published. */
export type CheckedEvent = Readonly<{
  tenantId: string;
  type: KnownEventType;
  payloadText: string;
  idempotencyKey: string | undefined;
  occurredAt: Date | undefined;
  /** A hash of everything that makes two events with the same key equal. Empty without a key. */
  inputHash: Buffer;
  /** The same hash over the payload's exact text, which earlier releases compared. */
  spelledHash: Buffer;
  /** Where its trace goes on. */
  traceContext?: string | undefined;
}>;

export type TenantLookup = (
  externalIds: readonly string[],
) => Promise<ReadonlyMap<string, { id: string; isSuspended: boolean }>>;

type Place = readonly (string | number)[];

/**
 * Checks all events of a call before anything is stored. Throws one ValidationError with an issue for every problem,
 * each with its path from the input's root, or a LimitExceededError.
 */
export async function checkEvents(
  inputs: readonly EventInput[],
  options: {
    /** The caller's own tenant. */
    own: { id: string; externalId: string; isSuspended: boolean } | undefined;
    findTenants: TenantLookup;
    catalogue: EventTypeCatalogue;
  },
): Promise<CheckedEvent[]> {
  if (inputs.length > maxEventsPerCall) {
    throw new LimitExceededError(maxEventsPerCall, `A call can publish at most ${maxEventsPerCall} events.`);
  }
  if (inputs.length === 0) {
    throw new ValidationError([{ path: ['events'], code: 'EMPTY', message: 'Publish at least one event.' }]);
  }
  const [types, tenants] = await Promise.all([
    options.catalogue.getMany(inputs.map(({ type }) => type)),
    // A caller with a tenant of its own cannot name another one, so whether that one exists is not looked up.
    options.own === undefined
      ? options.findTenants([...new Set(inputs.flatMap(({ tenant }) => tenant ?? []))])
      : new Map<string, never>(),
  ]);
  const issues: ValidationIssue[] = [];
  const checked: CheckedEvent[] = [];
  const toCheck: PayloadToCheck[] = [];
  for (const [index, input] of inputs.entries()) {
    const at: Place = ['events', index];
    const before = issues.length;
    const tenantId = checkTenant(input, { at, issues, own: options.own, tenants });
    const type = checkType(input, types, { at, issues });
    const payload = checkPayload(input, { at, issues });
    checkKey(input, { at, issues });
    checkTime(input, { at, issues });
    if (issues.length > before || tenantId === undefined || type === undefined || payload === undefined)
      continue;
    const occurredAt = input.occurredAt ?? undefined;
    toCheck.push({ type, data: payload.data, text: payload.text });
    checked.push({
      tenantId,
      type,
      payloadText: payload.text,
      idempotencyKey: input.idempotencyKey ?? undefined,
      occurredAt,
      ...(input.idempotencyKey == null ? noHashes : hashesOf(type.name, payload, occurredAt)),
    });
  }
  // An event that is already invalid need not be checked against its schema.
  if (issues.length > 0) throw new ValidationError(issues);
  const broken = await options.catalogue.check(options.own?.id ?? platformOwnerId, toCheck);
  for (const [index, found] of broken.entries()) {
    const field = inputs[index]?.payloadText == null ? 'payload' : 'payloadText';
    for (const issue of found) issues.push({ ...issue, path: ['events', index, field, ...issue.path] });
  }
  if (issues.length > 0) throw new ValidationError(issues);
  return checked;
}

type Report = { at: Place; issues: ValidationIssue[] };

function checkTenant(
  input: EventInput,
  options: Report & {
    own: { id: string; externalId: string; isSuspended: boolean } | undefined;
    tenants: ReadonlyMap<string, { id: string; isSuspended: boolean }>;
  },
): string | undefined {
  const { own, tenants, at, issues } = options;
  const path = [...at, 'tenant'];
  const report = (code: string, message: string) => {
    issues.push({ path, code, message });
    return undefined;
  };
  if (own !== undefined && input.tenant != null && input.tenant !== own.externalId) {
    return report('FOREIGN_TENANT', 'Only a platform service can publish for another tenant.');
  }
  if (own === undefined && input.tenant == null) {
    return report('REQUIRED', 'A platform service must give the tenant’s externalId.');
  }
  const tenant = own ?? tenants.get(input.tenant ?? '');
  if (tenant === undefined) return report('UNKNOWN_TENANT', 'There is no tenant with this externalId.');
  if (tenant.isSuspended)
    return report('TENANT_SUSPENDED', 'This tenant is suspended, so nothing can be published for it.');
  return tenant.id;
}

function checkType(
  input: EventInput,
  types: ReadonlyMap<string, KnownEventType>,
  { at, issues }: Report,
): KnownEventType | undefined {
  const path = [...at, 'type'];
  const shown = input.type.slice(0, 128);
  const type = types.get(input.type);
  if (type === undefined) {
    issues.push({ path, code: 'UNKNOWN_EVENT_TYPE', message: `There is no event type \`${shown}\`.` });
    return undefined;
  }
  if (type.isLifecycle || isReservedEventType(type.name)) {
    issues.push({
      path,
      code: 'RESERVED_EVENT_TYPE',
      message: `Only the platform itself can publish \`${shown}\`.`,
    });
    return undefined;
  }
  return type;
}

/** The payload as the text that is sent, and as the data that its schema checks. */
function checkPayload(
  input: EventInput,
  { at, issues }: Report,
): { text: string; data: unknown; exact: unknown } | undefined {
  const report = (field: string, code: string, message: string, within: Place = []) => {
    issues.push({ path: [...at, field, ...within], code, message });
    return undefined;
  };
  const hasText = input.payloadText != null;
  // A null counts as a field that was left out.
  const hasPayload = input.payload != null;
  if (hasText === hasPayload) {
    const code = hasText ? 'BOTH_PAYLOADS' : 'REQUIRED';
    return report('payload', code, 'Give exactly one of `payload` and `payloadText`.');
  }
  const field = hasText ? 'payloadText' : 'payload';
  if (!hasText && isNestedDeeper(input.payload, maxNesting)) {
    return report(field, 'TOO_DEEP', `The payload is nested more than ${maxNesting} levels deep.`);
  }
  if (!hasText) {
    const lost = findLostNumber(input.payload);
    if (lost !== undefined) return report(field, ...faultOf(lost.number), lost.path);
  }
  const text = input.payloadText ?? JSON.stringify(input.payload);
  if (Buffer.byteLength(text) > maxPayloadBytes) {
    return report(field, 'TOO_LARGE', `The payload has more than ${maxPayloadBytes} bytes.`);
  }
  if (!hasText) return { text, data: input.payload, exact: input.payload };
  if (!text.isWellFormed())
    return report(field, 'INVALID_TEXT', 'The text contains half of a surrogate pair.');
  const parsed = parseText(text);
  if (parsed === undefined) return report(field, 'INVALID_JSON', 'The text is not JSON.');
  const { data, exact } = parsed;
  if (data === null) {
    return report(field, 'NULL_PAYLOAD', 'The payload must not be null. Send an object, such as {}.');
  }
  if (isNestedDeeper(data, maxNesting)) {
    return report(field, 'TOO_DEEP', `The payload is nested more than ${maxNesting} levels deep.`);
  }
  // An integer is sent with all its digits. But a number that is not valid JSON could not be read back.
  const lost = findLostNumber(exact, ({ isUnsafeInteger }) => !isUnsafeInteger);
  if (lost !== undefined) return report(field, ...faultOf(lost.number), lost.path);
  const repeated = findRepeatedName(text);
  if (repeated !== undefined) return report(field, 'REPEATED_NAME', repeatedMessage(repeated));
  return { text, data, exact };
}

/**
 * The payload as its readers will see it, and the numbers that would lose digits. Undefined if the text is not JSON.
 */
function parseText(text: string): { data: unknown; exact: unknown } | undefined {
  try {
    const data: unknown = JSON.parse(text);
    return { data, exact: hasLostNumbers(text) ? parseExactly(text) : data };
  } catch {
    return undefined;
  }
}

function faultOf({ isUnsafeInteger }: LostNumber): [code: string, message: string] {
  const what = isUnsafeInteger
    ? 'integer is beyond ±(2^53 - 1)'
    : 'number is outside the range of a 64-bit float';
  const instead = isUnsafeInteger ? 'in `payloadText`, or as a string' : 'as a string';
  return ['UNSAFE_INTEGER', `This ${what} and would change its value: send it ${instead}.`];
}

function checkKey({ idempotencyKey }: EventInput, { at, issues }: Report): void {
  if (idempotencyKey == null || /^[\x20-\x7e]+$/.test(idempotencyKey.slice(0, maxKeyLength + 1))) {
    if ((idempotencyKey?.length ?? 0) <= maxKeyLength) return;
  }
  const message = `An idempotency key must be 1 to ${maxKeyLength} printable ASCII characters.`;
  issues.push({ path: [...at, 'idempotencyKey'], code: 'INVALID_KEY', message });
}

function checkTime({ occurredAt }: EventInput, { at, issues }: Report): void {
  if (occurredAt == null) return;
  const ms = occurredAt.getTime();
  if (ms >= earliestMs && ms <= latestMs) return;
  issues.push({
    path: [...at, 'occurredAt'],
    code: 'OUT_OF_RANGE',
    message: 'The time must be in the years 1970 to 9999.',
  });
}

/** To hash an event takes a sixth of the time that publishing it takes. Nothing compares it without a key. */
const noHashes = { inputHash: Buffer.alloc(0), spelledHash: Buffer.alloc(0) };

const hashesOf = (type: string, payload: { text: string; exact: unknown }, occurredAt: Date | undefined) => ({
  inputHash: hashOf(type, canonicalJson(payload.exact), occurredAt),
  spelledHash: hashOf(type, payload.text, occurredAt),
});

/**
 * A hash of the payload's value, whatever its spelling: keys in another order, or `1.0` for `1`, are the same input.
 */
function hashOf(type: string, payloadText: string, occurredAt: Date | undefined): Buffer {
  const hash = createHash('sha256');
  hash.update(JSON.stringify([type, occurredAt?.toISOString() ?? null]));
  return hash.update(payloadText).digest();
}
