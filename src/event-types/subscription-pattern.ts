import type { Database } from '../db/pool.ts';
import type { ValidationIssue } from '../errors.ts';
import { findCategories, findEventTypesByName } from './event-type.ts';
import { isEventTypeName } from './event-type-name.ts';

/** The limit for the entries of one endpoint's subscription. */
const maxSubscriptionEntries = 100;
const wildcard = '*';
const categoryWildcard = /^([a-z0-9_-]+)\.\*$/;

/** The entries that match an event of this type. An endpoint receives the event if it has any of them. */
export function patternsOf(typeName: string, category: string): string[] {
  return [typeName, `${category}.${wildcard}`, wildcard];
}

/**
 * The issues of an endpoint's `events`. Each entry must be `*`, or `category.*` for a category that has a type, or
 * the name of a registered type. Paths begin at the root of the list. It reads the database, never a cache, so that a
 * type that was just registered counts.
 */
export async function checkSubscription(
  database: Database,
  events: readonly string[],
): Promise<ValidationIssue[]> {
  if (events.length === 0) {
    return [
      {
        path: [],
        code: 'EMPTY',
        message: 'Subscribe to at least one event type. `*` subscribes to all of them.',
      },
    ];
  }
  if (events.length > maxSubscriptionEntries) {
    const message = `At most ${maxSubscriptionEntries} entries are allowed. Use \`category.*\` or \`*\` to subscribe to many event types.`;
    return [{ path: [], code: 'TOO_MANY', message }];
  }
  const [names, categories] = await Promise.all([
    findEventTypesByName(database, events.filter(isEventTypeName)),
    findCategories(
      database,
      events.flatMap((entry) => categoryWildcard.exec(entry)?.[1] ?? []),
    ),
  ]);
  const known = new Set([
    wildcard,
    ...names.map(({ name }) => name),
    ...[...categories].map((category) => `${category}.${wildcard}`),
  ]);
  return events.flatMap((entry, index) => {
    const issue = issueOf(entry, { isKnown: known.has(entry), isRepeated: events.indexOf(entry) < index });
    return issue === undefined ? [] : [{ path: [index], ...issue }];
  });
}

function issueOf(
  entry: string,
  { isKnown, isRepeated }: { isKnown: boolean; isRepeated: boolean },
): Omit<ValidationIssue, 'path'> | undefined {
  if (isRepeated) return { code: 'DUPLICATE', message: `${shown(entry)} stands twice.` };
  if (isKnown) return undefined;
  if (entry.includes(wildcard) && !categoryWildcard.test(entry)) {
    const message = `${shown(entry)} is not valid: \`*\` must stand alone or directly after a category, as in \`comment.*\`.`;
    return { code: 'INVALID_PATTERN', message };
  }
  return { code: 'UNKNOWN_EVENT_TYPE', message: `There is no event type ${shown(entry)}.` };
}

const shown = (entry: string) => `\`${entry.slice(0, 128)}\``;
