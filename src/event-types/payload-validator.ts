import type { Database } from '../db/pool.ts';
import type { ValidationIssue } from '../errors.ts';
import { type EventType, findEventTypesByName } from './event-type.ts';
import { compileSchema, type PayloadValidator } from './payload-schema.ts';

/** Types in memory with their compiled schemas, the least recently used dropped first. */
const maxRemembered = 2_000;

/** What of a type never changes, and may therefore be remembered. Deprecation does, and stops nobody. */
export type KnownEventType = Omit<EventType, 'deprecatedAt' | 'deprecationReason' | 'description'>;

type Remembered = { readonly type: KnownEventType; validate: PayloadValidator | undefined };

/**
 * The catalogue as publishing needs it: a type by its name, its payloads checked. A type that was found is
 * remembered; one that was not is asked for again each time, so that a registration counts at once everywhere.
 */
export class EventTypeCatalogue {
  readonly #database: Database;
  readonly #remembered = new Map<string, Remembered>();

  constructor(database: Database) {
    this.#database = database;
  }

  async get(name: string): Promise<KnownEventType | undefined> {
    return (await this.getMany([name])).get(name);
  }

  /** Those of these names that are registered, with one query at most. */
  async getMany(names: Iterable<string>): Promise<ReadonlyMap<string, KnownEventType>> {
    const found = new Map<string, KnownEventType>();
    const missing: string[] = [];
    for (const name of new Set(names)) {
      const known = this.#remembered.get(name);
      if (known === undefined) missing.push(name);
      else {
        this.#remember(name, known);
        found.set(name, known.type);
      }
    }
    if (missing.length === 0) return found;
    for (const type of await findEventTypesByName(this.#database, missing)) {
      this.#remember(type.name, this.#remembered.get(type.name) ?? { type, validate: undefined });
      found.set(type.name, type);
    }
    return found;
  }

  /** What a payload breaks of the type's schema; paths begin at the payload's root. */
  validate(type: KnownEventType, data: unknown): ValidationIssue[] {
    if (type.schema === null) return [];
    const known = this.#remembered.get(type.name) ?? { type, validate: undefined };
    known.validate ??= compileSchema(type.schema);
    this.#remember(type.name, known);
    return known.validate(data);
  }

  #remember(name: string, known: Remembered): void {
    this.#remembered.delete(name);
    this.#remembered.set(name, known);
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size > maxRemembered && oldest !== undefined) this.#remembered.delete(oldest);
  }
}
