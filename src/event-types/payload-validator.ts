import type { Database } from '../db/pool.ts';
import type { ValidationIssue } from '../errors.ts';
import { CheckPool } from './check-pool.ts';
import { type EventType, findEventTypesByName } from './event-type.ts';
import { compileSchema, type PayloadValidator, UnusableSchemaError } from './payload-schema.ts';
import { isLightCheck, weighSchema } from './weigh-schema.ts';

/** Types in memory with their compiled schemas, the least recently used dropped first. */
const maxRemembered = 2_000;
/** Of payloads that are checked in one go, off the main loop. */
const maxCharsAtOnce = 1_048_576;

/** What of a type never changes, and may therefore be remembered. Deprecation does, and stops nobody. */
export type KnownEventType = Omit<EventType, 'deprecatedAt' | 'deprecationReason' | 'description'>;

/** A payload as data and as the text that it is sent as. */
export type PayloadToCheck = Readonly<{ type: KnownEventType; data: unknown; text: string }>;

type Remembered = {
  readonly type: KnownEventType;
  readonly schema: { text: string; isLight: boolean };
  validate: PayloadValidator | undefined;
};

/**
 * The catalogue as publishing needs it: a type by its name, its payloads checked. A type that was found is
 * remembered; one that was not is asked for again each time, so that a registration counts at once everywhere.
 */
export class EventTypeCatalogue {
  readonly #database: Database;
  readonly #pool: CheckPool;
  readonly #remembered = new Map<string, Remembered>();

  constructor(database: Database, pool: CheckPool = new CheckPool()) {
    this.#database = database;
    this.#pool = pool;
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
        this.#remember(known);
        found.set(name, known.type);
      }
    }
    if (missing.length === 0) return found;
    for (const type of await findEventTypesByName(this.#database, missing)) {
      this.#remember(this.#remembered.get(type.name) ?? rememberable(type));
      found.set(type.name, type);
    }
    return found;
  }

  /**
   * What each payload breaks of its type's schema, first of all; paths begin at the payload's root. What is light is
   * checked here, the rest off the main loop, in turns with what other owners publish.
   */
  async check(ownerId: string, payloads: readonly PayloadToCheck[]): Promise<ValidationIssue[][]> {
    const issues: ValidationIssue[][] = payloads.map(() => []);
    const heavy = new Map<Remembered, number[]>();
    for (const [index, { type, data, text }] of payloads.entries()) {
      if (type.schema === null) continue;
      const known = this.#remembered.get(type.name) ?? rememberable(type);
      this.#remember(known);
      if (isLightCheck(known.schema, text.length)) {
        known.validate ??= compiled(type.schema);
        issues[index] = known.validate(data);
      } else heavy.set(known, [...(heavy.get(known) ?? []), index]);
    }
    for (const [{ schema }, indexes] of heavy) {
      for (const part of parts(indexes, (index) => payloads[index]?.text.length ?? 0)) {
        const texts = part.map((index) => payloads[index]?.text ?? 'null');
        const found = await this.#checkAside(ownerId, schema.text, texts);
        for (const [place, index] of part.entries()) issues[index] = [...(found[place] ?? [])];
        // One that is too costly says enough: the rest would take its time as well.
        if (found.some((of) => of.some(({ code }) => code === 'TOO_COSTLY'))) return issues;
      }
    }
    return issues;
  }

  /** Whether a schema can be used, and what an example breaks of it. */
  async checkExample(
    ownerId: string,
    { schema, example }: { schema: unknown; example: unknown },
  ): Promise<{ unusable: string } | { issues: readonly ValidationIssue[] }> {
    const outcome = await this.#pool.check(ownerId, {
      schema: JSON.stringify(schema),
      payloads: [JSON.stringify(example)],
    });
    if (outcome.kind === 'unusable') return { unusable: outcome.message };
    if (outcome.kind === 'checked') return { issues: outcome.issues[0] ?? [] };
    return {
      unusable: 'The schema takes too long to compile, or to check the example against. Make it simpler.',
    };
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  async #checkAside(
    ownerId: string,
    schema: string,
    payloads: readonly string[],
  ): Promise<readonly (readonly ValidationIssue[])[]> {
    const outcome = await this.#pool.check(ownerId, { schema, payloads });
    switch (outcome.kind) {
      case 'checked':
        return outcome.issues;
      case 'unusable':
        return payloads.map(() => [
          { path: [], code: 'UNUSABLE_SCHEMA', message: unusable(outcome.message) },
        ]);
      case 'too costly':
        return payloads.map(() => [{ path: [], code: 'TOO_COSTLY', message: tooCostly }]);
    }
  }

  #remember(known: Remembered): void {
    const { name } = known.type;
    this.#remembered.delete(name);
    this.#remembered.set(name, known);
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size > maxRemembered && oldest !== undefined) this.#remembered.delete(oldest);
  }
}

/** One that cannot be used any more refuses every payload. */
function compiled(schema: unknown): PayloadValidator {
  try {
    return compileSchema(schema);
  } catch (error) {
    if (!(error instanceof UnusableSchemaError)) throw error;
    const message = unusable(error.message);
    return () => [{ path: [], code: 'UNUSABLE_SCHEMA', message }];
  }
}

const rememberable = (type: KnownEventType): Remembered => ({
  type,
  schema: weighSchema(type.schema),
  validate: undefined,
});

const tooCostly =
  'Checking the payload against the schema of its event type takes too long. Publish fewer or smaller payloads in one call, or register a type with a simpler schema.';
const unusable = (message: string) =>
  `The schema of this event type was registered with an earlier release and can no longer be used. Register another type. ${message}`;

/** Runs of items of a size that is checked in one go; one item alone may be larger. */
function parts(items: readonly number[], sizeOf: (item: number) => number): number[][] {
  const runs: number[][] = [];
  let size = 0;
  for (const item of items) {
    const run = runs.at(-1);
    size += sizeOf(item);
    if (run === undefined || size > maxCharsAtOnce) {
      runs.push([item]);
      size = sizeOf(item);
    } else run.push(item);
  }
  return runs;
}
