import type { Database } from '../db/pool.ts';
import type { ValidationIssue } from '../errors.ts';
import { CheckPool } from './check-pool.ts';
import { type EventType, findEventTypesByName } from './event-type.ts';
import { compileSchema, type PayloadValidator, UnusableSchemaError } from './payload-schema.ts';
import { isLightCheck, weighSchema } from './weigh-schema.ts';

/** Types in memory with their compiled schemas. The least recently used is dropped first. */
const maxRemembered = 2_000;
/** The total size of payloads that a worker checks together. */
const maxCharsAtOnce = 1_048_576;

/**
 * The properties of a type that never change, and may therefore be remembered. Deprecation changes, but does not
 * affect publishing.
 */
export type KnownEventType = Omit<EventType, 'deprecatedAt' | 'deprecationReason' | 'description'>;

/** A payload as data, and as the text that is sent. */
export type PayloadToCheck = Readonly<{ type: KnownEventType; data: unknown; text: string }>;

type Remembered = {
  readonly type: KnownEventType;
  readonly schema: { text: string; isLight: boolean };
  validate: PayloadValidator | undefined;
};

/**
 * The catalogue as publishing needs it: it finds a type by its name and checks payloads. A found type is remembered.
 * A missing one is read again each time, so that a registration takes effect everywhere at once.
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

  /** The registered types among these names, read with at most one query. */
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
   * The first issue of each payload against its type's schema, with paths from the payload's root. Cheap checks run
   * here, the others in a worker, in turns with those of other owners.
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
        // One payload that is too costly is enough. The others would take the same time.
        if (found.some((of) => of.some(({ code }) => code === 'TOO_COSTLY'))) return issues;
      }
    }
    return issues;
  }

  /** Whether a schema can be used, and the issues of an example. */
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

/** A schema that can no longer be used refuses every payload. */
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

/** Splits items into groups small enough to be checked together. A single item may be larger. */
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
