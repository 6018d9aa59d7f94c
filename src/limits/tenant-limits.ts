import { sql, type Transaction } from 'kysely';
import { Counter, type Registry } from 'prom-client';
import type { Config } from '../config.ts';
import type { LimitedThing } from '../environment.ts';
import { LimitExceededError } from '../errors.ts';
import type { Tables } from '../tables.ts';

type Limits = Config['limits'];

/**
 * For each thing: its name in the metrics, what a caller is told after the number, and the first half of the advisory
 * lock under which it is counted (arbitrary numbers that nothing else uses).
 */
const things: Readonly<Record<LimitedThing, { label: string; lock: number; told: string }>> = {
  endpoints: {
    label: 'endpoints',
    lock: 7_203_116,
    told: 'endpoints for one tenant. Delete an endpoint first.',
  },
  apiKeys: {
    label: 'api_keys',
    lock: 7_203_117,
    told: 'API keys for one tenant that are neither revoked nor expired. Revoke a key first.',
  },
  apps: { label: 'apps', lock: 7_203_118, told: 'apps for one tenant. Delete an app first.' },
  eventTypes: {
    label: 'event_types',
    lock: 7_203_119,
    told: 'event types. Types cannot be removed, so publish one of those that exist and tell the cases apart in the payload.',
  },
  pendingDeliveries: {
    label: 'pending_deliveries',
    lock: 7_203_120,
    told: 'deliveries of one tenant that are not finished. Nothing was stored. Wait until some have been sent, or cancel, purge or deactivate what need not be sent.',
  },
  bulkReplays: {
    label: 'bulk_replays',
    lock: 7_203_121,
    told: 'bulk replays of one tenant or app that run at the same time. Wait until one has ended.',
  },
  bulkCancels: {
    label: 'bulk_cancels',
    lock: 7_203_122,
    told: 'bulk cancellations of one tenant or app that run at the same time. Wait until one has ended.',
  },
};

/**
 * The limits that keep one tenant from filling the database of all. Each is exact, also if several calls reach it at
 * once: whoever creates something counts under a lock of the owner and the thing, which no other owner waits for.
 */
export class TenantLimits {
  readonly #limits: Limits;
  readonly #refused: Counter<'what'> | undefined;

  constructor({ limits, registry }: { limits: Limits; registry?: Registry }) {
    this.#limits = limits;
    if (registry === undefined) return;
    this.#refused = new Counter({
      name: 'heliograph_limit_refusals_total',
      help: 'Calls refused because the tenant, or the catalogue of event types, had reached its limit.',
      labelNames: ['what'],
      registers: [registry],
    });
    for (const { label } of Object.values(things)) this.#refused.inc({ what: label }, 0);
  }

  of(thing: LimitedThing): number {
    return this.#limits[thing];
  }

  /**
   * Call it before creating one more, in the same transaction. Throws a LimitExceededError if `count` finds as many as
   * there may be. Until the transaction ends, others who create the same thing for the same owner wait.
   */
  async admit(
    trx: Transaction<Tables>,
    { thing, ownerId, count }: { thing: LimitedThing; ownerId: string; count(): Promise<number> },
  ): Promise<void> {
    await sql`select pg_advisory_xact_lock(${things[thing].lock}::integer, hashtext(${ownerId}))`.execute(
      trx,
    );
    if ((await count()) >= this.#limits[thing]) throw this.refusal(thing);
  }

  /** The error for a caller who has reached the limit. It is counted. */
  refusal(thing: LimitedThing): LimitExceededError {
    const { label, told } = things[thing];
    this.#refused?.inc({ what: label });
    const limit = this.#limits[thing];
    return new LimitExceededError(limit, `There can be at most ${limit.toLocaleString('en')} ${told}`);
  }
}
