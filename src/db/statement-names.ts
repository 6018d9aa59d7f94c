import type { ClientBase } from 'pg';
import { sqlStateOf } from './retry.ts';

/** The texts that are counted, the last ones used. */
const mostTexts = 500;
/** A text that is used so often gets a name. */
const usesBeforeName = 3;
/**
 * PostgreSQL keeps a plan for each name until the connection ends: 120 KB for most, 600 KB for a list over 37 partitions.
 */
const mostNamesOfConnection = 40;

/**
 * Names for the statements of callers' requests. PostgreSQL parses and plans a statement with a name once for each
 * connection. Without one it does so each time, which for a list over many partitions takes several times as long as
 * reading its rows.
 *
 * The text of a list depends on its filter, so only a text that is used again and again has a name, and a connection
 * that has been given too many names is to be replaced (`isWorn`). So the memory of the server stays bounded whatever
 * callers ask for.
 */
export class StatementNames {
  readonly #texts = new Map<string, { uses: number; name: string }>();
  readonly #given = new WeakMap<ClientBase, Set<string>>();
  #made = 0;

  /** The name with which to send the text on this connection; undefined to send it without one. */
  nameFor(client: ClientBase, text: string): string | undefined {
    const known = this.#texts.get(text) ?? { uses: 0, name: '' };
    known.uses += 1;
    this.#texts.delete(text);
    this.#texts.set(text, known);
    const [oldest = ''] = this.#texts.keys();
    if (this.#texts.size > mostTexts) this.#texts.delete(oldest);
    if (known.uses < usesBeforeName) return undefined;
    if (known.name === '') known.name = this.#newName();
    const given = this.#given.get(client) ?? new Set();
    if (given.size === 0) this.#given.set(client, given);
    given.add(known.name);
    return known.name;
  }

  /** The tables have changed, so that the plan of this name is of no use any more. The text gets another one. */
  renew(text: string): void {
    const known = this.#texts.get(text);
    if (known !== undefined) known.name = this.#newName();
  }

  isWorn(client: ClientBase): boolean {
    return (this.#given.get(client)?.size ?? 0) >= mostNamesOfConnection;
  }

  #newName(): string {
    this.#made += 1;
    return `heliograph_read_${this.#made}`;
  }
}

/** In a transaction, so that the setting stays with this statement, also where a pooler changes connections. */
export const onlyOnePlan = 'begin; set local plan_cache_mode = force_generic_plan';
/** After a failure this rolls back. */
export const usualPlans = 'commit';

/** Whether a migration added a column to what a named statement returns. */
export const isPlanOutdated = (error: unknown): boolean =>
  sqlStateOf(error) === '0A000' && error instanceof Error && /cached plan/.test(error.message);
