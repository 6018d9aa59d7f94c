import { sql, type Transaction } from 'kysely';
import type { By } from '../access/actor.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { Database } from '../db/pool.ts';
import { orderingOf } from '../sending/ordering.ts';
import { changeSending, type SendingChange, sendingDifferences } from '../sending/sending.ts';
import type { SigningSecrets } from '../sending/signing-secrets.ts';
import { endQueued } from '../status/end-queued.ts';
import { laneHint } from '../status/lane-hint.ts';
import { releaseWaiting } from '../status/release-waiting.ts';
import { forgetPlaces } from '../status/strict-order.ts';
import type { Tables } from '../tables.ts';
import { type Endpoint, lockEndpoint } from './endpoint.ts';
import type { EndpointValues } from './endpoint-input.ts';

/** The endpoint before and after, which `finishUpdate` needs. They are the same if nothing was changed. */
export type UpdatedEndpoint = Readonly<{ before: Endpoint; after: Endpoint }>;

export type EndpointUpdate = Readonly<{
  ownerId: string;
  id: string;
  values: Partial<EndpointValues>;
  /** The settings for sending that change. */
  sending?: Readonly<{ change: SendingChange; secrets: SigningSecrets }> | undefined;
  by: By;
}>;

/**
 * Changes the given fields that differ. If none differs, nothing is written and nothing is audited. A new URL loses
 * its verification, and a handshake that is running no longer counts. After the commit, call `finishUpdate`.
 */
export async function updateEndpoint(
  trx: Transaction<Tables>,
  { ownerId, id, values, sending, by }: EndpointUpdate,
): Promise<UpdatedEndpoint> {
  const before = await lockEndpoint(trx, ownerId, id);
  const nextSending =
    sending === undefined
      ? before.sending
      : changeSending(
          sending.secrets,
          { ownerId, endpointId: id },
          { before: before.sending, change: sending.change },
        );
  const changes = { ...changesOf(before, values), ...sendingDifferences(before.sending, nextSending) };
  if (Object.keys(changes).length === 0) return { before, after: before };

  const now = sql<Date>`clock_timestamp()`;
  const after = await trx
    .updateTable('endpoint')
    .set({
      ...('url' in changes ? { url: values.url, ...unverified } : {}),
      ...('events' in changes ? { events: [...(values.events ?? [])] } : {}),
      ...('description' in changes ? { description: values.description } : {}),
      ...('maxDeliveriesPerSecond' in changes
        ? { max_deliveries_per_second: values.maxDeliveriesPerSecond }
        : {}),
      ...('ordering' in changes ? await orderingOf(trx, ownerId, values.ordering) : {}),
      ...('isActive' in changes
        ? { is_active: values.isActive, disabled_reason: values.isActive ? null : 'MANUAL' }
        : {}),
      ...(sending === undefined
        ? {}
        : { sending: nextSending === null ? null : JSON.stringify(nextSending) }),
      updated_at: now,
    })
    .where('owner_id', '=', ownerId)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
  // What was known about the old receiver, or about the time before the pause, says nothing about the new one.
  if ('url' in changes || ('isActive' in changes && after.is_active)) await resetHealth(trx, after);
  await appendAudit(trx, {
    ownerId,
    ...by,
    action: 'endpoint.update',
    targetType: 'Endpoint',
    targetId: id,
    changes,
  });
  return { before, after };
}

/**
 * Applies a committed change to deliveries that are waiting already. It may be repeated, and a crash may skip it,
 * because a claim reads the endpoint's state and ends what it must not send.
 */
export async function finishUpdate(database: Database, { before, after }: UpdatedEndpoint): Promise<void> {
  const { owner_id: ownerId, id: endpointId } = after;
  if (!after.is_active) {
    await endQueued(database, { ownerId, endpointId, reason: 'ENDPOINT_INACTIVE' });
  } else if (before.verification === 'PENDING' && after.verification === 'UNVERIFIED') {
    // The handshake for which they waited no longer counts.
    await releaseWaiting(database, { ownerId, endpointId });
  }
  if (before.strict_boundary === after.strict_boundary) return;
  // Its worker learns of another order with the next claim.
  database.hints.send([laneHint(ownerId, endpointId)]);
  if (after.strict_boundary === null) await forgetPlaces(database.query, { ownerId, endpointId });
}

const unverified = {
  verification: 'UNVERIFIED',
  verified_at: null,
  verification_checked_at: null,
  verification_reason: null,
  handshake_started_at: null,
} as const;

type Change = Readonly<{ from: unknown; to: unknown }>;

function changesOf(before: Endpoint, values: Partial<EndpointValues>): Readonly<Record<string, Change>> {
  const old: EndpointValues = {
    url: before.url,
    events: before.events,
    description: before.description,
    isActive: before.is_active,
    maxDeliveriesPerSecond: before.max_deliveries_per_second,
    ordering: before.strict_boundary === null ? 'NONE' : 'STRICT',
  };
  const changes: Record<string, Change> = {};
  for (const name of fields) {
    const to = values[name];
    if (to !== undefined && !isSame(old[name], to)) changes[name] = { from: old[name], to };
  }
  return changes;
}

const fields = ['url', 'events', 'description', 'isActive', 'maxDeliveriesPerSecond', 'ordering'] as const;

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Closes the circuit. Its next holder, and its present one within seconds, treats it like a new endpoint's. */
export async function resetHealth(trx: Transaction<Tables>, { owner_id, id }: Endpoint): Promise<void> {
  await trx
    .updateTable('endpoint_health')
    .set({
      circuit: 'CLOSED',
      consecutive_failures: 0,
      opened_at: null,
      next_probe_at: null,
      failing_since: null,
      spread_failures: 0,
      spread_failure_at: null,
      updated_at: sql<Date>`clock_timestamp()`,
    })
    .where('owner_id', '=', owner_id)
    .where('endpoint_id', '=', id)
    .execute();
}
