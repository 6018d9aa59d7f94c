import { type Kysely, sql } from 'kysely';
import { runComposed } from '../db/statement.ts';
import type { Endpoint } from '../endpoints/endpoint.ts';
import type { EndpointCircuit } from '../endpoints/endpoint-health.ts';
import { timeOfUuid } from '../ids.ts';
import type { Tables } from '../tables.ts';

export type EndpointStateName = 'ACTIVE' | 'PAUSED' | 'DISABLED' | 'UNVERIFIED' | 'RESTING';

/** The state of an endpoint: whether deliveries are sent to it, otherwise the reason and the time since when. */
export type EndpointState = Readonly<{ name: EndpointStateName; reason: string | null; since: Date | null }>;

/** The field whose last change began the state. Undefined if the endpoint's row has the time. */
export type SinceChangeOf = 'isActive' | 'url';

/** The first state that applies. A state that somebody has to change comes before one that ends by itself. */
export function stateOf(
  endpoint: Endpoint,
  known: Readonly<{ circuit: EndpointCircuit; requireVerification: boolean }>,
): EndpointState & { sinceChangeOf?: SinceChangeOf } {
  if (!endpoint.is_active) {
    const name = endpoint.disabled_reason === 'MANUAL' ? 'PAUSED' : 'DISABLED';
    return {
      name,
      reason: inactive[endpoint.disabled_reason ?? 'MANUAL'],
      since: null,
      sinceChangeOf: 'isActive',
    };
  }
  if (endpoint.paused_at !== null) {
    const reason = 'Somebody has paused the endpoint. Deliveries wait until it is resumed.';
    return { name: 'PAUSED', reason, since: endpoint.paused_at };
  }
  if (known.requireVerification && endpoint.verification !== 'VERIFIED') return unverified(endpoint);
  const { circuit, opened_at: since, consecutive_failures: failures } = known.circuit;
  if (circuit !== 'CLOSED') {
    const reason = `${failures} attempts in a row have failed. Deliveries wait while one at a time is tried.`;
    return { name: 'RESTING', reason, since };
  }
  return { name: 'ACTIVE', reason: null, since: null };
}

const inactive = {
  MANUAL: 'Somebody has set it inactive: what it misses is recorded as failed.',
  FAILING: 'Every attempt failed for five days.',
  GONE: 'The receiver answered with status 410, which means that it wants no more deliveries.',
} as const;

function unverified(endpoint: Endpoint): EndpointState & { sinceChangeOf?: SinceChangeOf } {
  const name = 'UNVERIFIED';
  if (endpoint.verification === 'PENDING') {
    const reason = 'The ownership handshake is running. Deliveries wait until it has ended.';
    return { name, reason, since: endpoint.handshake_started_at };
  }
  if (endpoint.verification === 'FAILED') {
    const reason = endpoint.verification_reason ?? 'The ownership handshake failed.';
    return { name, reason, since: endpoint.verification_checked_at };
  }
  const reason = 'The receiver has not been asked yet whether it wants the deliveries. Verify the endpoint.';
  return { name, reason, since: null, sinceChangeOf: 'url' };
}

type Asked = Readonly<{ id: string; field: SinceChangeOf }>;

/**
 * Reads when a field of each endpoint was last set, in one statement. The audit log has it, because an entry is written
 * in the same transaction as the change.
 */
export async function findLastChanges(
  db: Kysely<Tables>,
  ownerId: string,
  asked: readonly Asked[],
): Promise<ReadonlyMap<string, Date>> {
  const query = sql<{ endpoint_id: string; entry_id: string }>`
    select target.id as endpoint_id, entry.id as entry_id
      from unnest(${asked.map(({ id }) => id)}::uuid[], ${asked.map(({ field }) => field)}::text[]) as target (id, field)
     cross join lateral (
       select id from audit_entry
        where owner_id = ${ownerId} and target_id = target.id and changes ? target.field
        order by id desc
        limit 1
     ) entry`.compile(db);
  const returns = 'endpoint_id uuid, entry_id uuid';
  const rows = await runComposed(db, { name: 'last_changes', query, ownerId, returns });
  return new Map(rows.map((row) => [row.endpoint_id, new Date(timeOfUuid(row.entry_id))]));
}
