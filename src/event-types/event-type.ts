import type { Selectable } from 'kysely';
import type { Database } from '../db/pool.ts';
import type { Tables } from '../tables.ts';
import { canEqualStored, storable } from '../text.ts';

export type EventType = Readonly<{
  id: string;
  name: string;
  category: string;
  description: string;
  dataType: string;
  /** JSON Schema 2020-12 of the payload; null if any payload is accepted. It never changes. */
  schema: unknown;
  example: unknown;
  isLifecycle: boolean;
  deprecatedAt: Date | null;
  deprecationReason: string | null;
}>;

/** The limit for the number of types in one list. */
export const maxListedEventTypes = 1_000;

export async function findEventType(database: Database, name: string): Promise<EventType | undefined> {
  const [found] = await findEventTypesByName(database, [name]);
  return found;
}

export async function findEventTypesByName(
  database: Database,
  names: readonly string[],
): Promise<EventType[]> {
  const possible = storable(names);
  const rows = await database.query
    .selectFrom('event_type')
    .selectAll()
    .where((where) => where('name', '=', where.fn.any(where.val(possible))))
    .execute();
  return rows.map(toEventType);
}

export async function findEventTypes(database: Database, ids: readonly string[]): Promise<EventType[]> {
  const rows = await database.query
    .selectFrom('event_type')
    .selectAll()
    .where((where) => where('id', '=', where.fn.any(where.val([...ids]))))
    .execute();
  return rows.map(toEventType);
}

/** The types of one category, or all, ordered by name. */
export async function listEventTypes(
  database: Database,
  filter: Readonly<{ category?: string | null | undefined; includeDeprecated: boolean }>,
): Promise<EventType[]> {
  const { category } = filter;
  if (category != null && !canEqualStored(category)) return [];
  let query = database.query.selectFrom('event_type').selectAll().orderBy('name').limit(maxListedEventTypes);
  if (category != null) query = query.where('category', '=', category);
  if (!filter.includeDeprecated) query = query.where('deprecated_at', 'is', null);
  return (await query.execute()).map(toEventType);
}

/** Whether each of these categories has a type. */
export async function findCategories(
  database: Database,
  categories: readonly string[],
): Promise<Set<string>> {
  const rows = await database.query
    .selectFrom('event_type')
    .select('category')
    .distinct()
    .where((where) => where('category', '=', where.fn.any(where.val([...categories]))))
    .execute();
  return new Set(rows.map(({ category }) => category));
}

export function toEventType(row: Selectable<Tables['event_type']>): EventType {
  return {
    id: row.id,
    name: row.name,
    category: row.category,
    description: row.description,
    dataType: row.data_type,
    schema: row.schema,
    // An earlier release stored null for an example that became null when it was read.
    example: row.example ?? {},
    isLifecycle: row.is_lifecycle,
    deprecatedAt: row.deprecated_at,
    deprecationReason: row.deprecation_reason,
  };
}
