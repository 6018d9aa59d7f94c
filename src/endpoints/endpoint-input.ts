import type { Config } from '../config.ts';
import type { Database } from '../db/pool.ts';
import type { AddressGuard } from '../egress/address-guard.ts';
import { checkUrl } from '../egress/check-url.ts';
import { ValidationError, type ValidationIssue } from '../errors.ts';
import { checkSubscription } from '../event-types/subscription-pattern.ts';
import type { DeliveryOrdering } from '../sending/ordering.ts';
import { type SendingChange, sendingIssues } from '../sending/sending.ts';
import { isStorable } from '../text.ts';

export const maxDescriptionChars = 1_000;
export const maxDeliveryRate = 10_000;

/** The settings of an endpoint that its owner decides. */
export type EndpointValues = Readonly<{
  url: string;
  events: readonly string[];
  description: string | null;
  isActive: boolean;
  maxDeliveriesPerSecond: number | null;
  ordering: DeliveryOrdering;
}>;

/** For a new endpoint. A setting that is absent or null has its default. */
export type NewEndpointInput = Pick<EndpointValues, 'url' | 'events'> & EndpointChangeInput;

/** For a change. Absent and null have different meanings. */
export type EndpointChangeInput = Readonly<{
  [Field in keyof EndpointValues]?: EndpointValues[Field] | null | undefined;
}>;

export type EndpointRules = Readonly<{
  database: Database;
  guard: AddressGuard;
  /** Plain http is allowed only for addresses that are allowed explicitly. */
  requireHttps: boolean;
  retentionDays: number;
}>;

export function endpointRules(database: Database, config: Config, guard: AddressGuard): EndpointRules {
  return { database, guard, requireHttps: config.production, retentionDays: config.retentionDays };
}

/** Throws a ValidationError with every issue of the input. */
export async function checkNewEndpoint(
  rules: EndpointRules,
  input: NewEndpointInput,
  sending?: SendingChange,
): Promise<EndpointValues> {
  const values: EndpointValues = {
    url: input.url,
    events: input.events,
    description: input.description ?? null,
    isActive: input.isActive ?? true,
    maxDeliveriesPerSecond: input.maxDeliveriesPerSecond ?? null,
    ordering: input.ordering ?? 'NONE',
  };
  await refuseInvalid(rules, values, sendingIssues(sending, rules));
  return values;
}

/**
 * Absent fields stay absent. Null clears the description and the rate limit, and is refused for the rest. Throws a
 * ValidationError with every issue of the input.
 */
export async function checkEndpointChange(
  rules: EndpointRules,
  input: EndpointChangeInput,
  sending?: SendingChange,
): Promise<Partial<EndpointValues>> {
  const { url, events, description, isActive, maxDeliveriesPerSecond, ordering } = input;
  const values: Partial<EndpointValues> = {
    ...(url == null ? {} : { url }),
    ...(events == null ? {} : { events }),
    ...(description === undefined ? {} : { description }),
    ...(isActive == null ? {} : { isActive }),
    ...(maxDeliveriesPerSecond === undefined ? {} : { maxDeliveriesPerSecond }),
    ...(ordering == null ? {} : { ordering }),
  };
  await refuseInvalid(rules, values, [...nullIssues(input), ...sendingIssues(sending, rules)]);
  return values;
}

async function refuseInvalid(
  rules: EndpointRules,
  values: Partial<EndpointValues>,
  found: readonly ValidationIssue[],
): Promise<void> {
  const issues = [
    ...found,
    ...urlIssues(rules, values.url),
    ...(values.events === undefined ? [] : await eventIssues(rules, values.events)),
    ...descriptionIssues(values.description),
    ...rateIssues(values.maxDeliveriesPerSecond),
  ];
  if (issues.length > 0) throw new ValidationError(issues);
}

function nullIssues(input: EndpointChangeInput): ValidationIssue[] {
  return (['url', 'events', 'isActive', 'ordering'] as const)
    .filter((field) => input[field] === null)
    .map((field) => ({ path: [field], code: 'REQUIRED', message: `\`${field}\` must not be null.` }));
}

function urlIssues({ guard, requireHttps }: EndpointRules, url: string | undefined): ValidationIssue[] {
  if (url === undefined) return [];
  const checked = checkUrl(url, { guard, requireHttps });
  return 'problem' in checked ? [{ path: ['url'], ...checked.problem }] : [];
}

async function eventIssues(
  { database }: EndpointRules,
  events: readonly string[],
): Promise<ValidationIssue[]> {
  const issues = await checkSubscription(database, events);
  return issues.map((issue) => ({ ...issue, path: ['events', ...issue.path] }));
}

function descriptionIssues(description: string | null | undefined): ValidationIssue[] {
  if (description == null) return [];
  const path = ['description'];
  if ([...description].length > maxDescriptionChars) {
    const message = `The description has more than ${maxDescriptionChars.toLocaleString('en')} characters.`;
    return [{ path, code: 'TOO_LONG', message }];
  }
  if (!isStorable(description)) {
    const message = 'The description contains U+0000 or half of a surrogate pair.';
    return [{ path, code: 'INVALID_CHARACTER', message }];
  }
  return [];
}

function rateIssues(rate: number | null | undefined): ValidationIssue[] {
  if (rate == null || (Number.isInteger(rate) && rate >= 1 && rate <= maxDeliveryRate)) return [];
  const message = `\`maxDeliveriesPerSecond\` must be from 1 to ${maxDeliveryRate.toLocaleString('en')}, or null for no limit.`;
  return [{ path: ['maxDeliveriesPerSecond'], code: 'OUT_OF_RANGE', message }];
}
