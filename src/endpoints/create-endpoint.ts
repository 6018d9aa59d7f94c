import { sql, type Transaction } from 'kysely';
import type { By } from '../access/actor.ts';
import { appendAudit } from '../audit/append-audit.ts';
import { mintUuid } from '../ids.ts';
import type { TenantLimits } from '../limits/tenant-limits.ts';
import { orderingOf } from '../sending/ordering.ts';
import { changeSending, type SendingChange, sendingSet } from '../sending/sending.ts';
import type { SigningSecrets } from '../sending/signing-secrets.ts';
import type { EndpointSending, Tables } from '../tables.ts';
import type { Endpoint } from './endpoint.ts';
import type { EndpointValues } from './endpoint-input.ts';

export type NewEndpoint = Readonly<{
  ownerId: string;
  ownerKind: Endpoint['owner_kind'];
  values: EndpointValues;
  /** The event streams that an app's endpoint receives; null for a tenant's. */
  streams?: readonly string[] | null;
  /** How its deliveries are sent. A missing setting has its default. */
  sending?: SendingChange | undefined;
  /** Its first secret, if the owner gives one. */
  ownSecret?: string | undefined;
  by: By;
}>;

/**
 * Creates an endpoint with its first secret, which is returned here and never again. Its handshake counts as started:
 * after the commit, pass the endpoint to `Handshakes.begin`. If that never happens, the rescue does it.
 */
export async function createEndpoint(
  trx: Transaction<Tables>,
  { secrets, limits }: { secrets: SigningSecrets; limits: TenantLimits },
  fresh: NewEndpoint,
): Promise<{ endpoint: Endpoint; secret: string }> {
  const { ownerId } = fresh;
  await limits.admit(trx, { thing: 'endpoints', ownerId, count: () => countEndpoints(trx, ownerId) });
  const id = mintUuid();
  const place = { ownerId: fresh.ownerId, endpointId: id };
  const sending = changeSending(secrets, place, { before: null, change: fresh.sending ?? {} });
  const endpoint = await insertEndpoint(trx, id, fresh, sending);
  const { secret } = await secrets.create(trx, {
    ...{ ownerId: fresh.ownerId, endpointId: endpoint.id, own: fresh.ownSecret, scheme: sending?.signature },
  });
  return { endpoint, secret };
}

/** Only the endpoint, if its secrets exist already. */
export async function insertEndpoint(
  trx: Transaction<Tables>,
  id: string,
  { ownerId, ownerKind, values, streams, ownSecret, by }: NewEndpoint,
  sending: EndpointSending | null = null,
): Promise<Endpoint> {
  const endpoint = await trx
    .insertInto('endpoint')
    .values({
      owner_id: ownerId,
      id,
      owner_kind: ownerKind,
      url: values.url,
      description: values.description,
      events: [...values.events],
      streams: streams == null ? null : [...streams],
      is_active: values.isActive,
      disabled_reason: values.isActive ? null : 'MANUAL',
      max_deliveries_per_second: values.maxDeliveriesPerSecond,
      ...(await orderingOf(trx, ownerId, values.ordering)),
      sending: sending === null ? null : JSON.stringify(sending),
      verification: 'PENDING',
      handshake_started_at: sql<Date>`clock_timestamp()`,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  await appendAudit(trx, {
    ownerId,
    ...by,
    action: 'endpoint.create',
    targetType: 'Endpoint',
    targetId: endpoint.id,
    changes: {
      ...values,
      ...sendingSet(sending),
      ...(ownSecret === undefined ? {} : { ownSecret: true }),
    },
  });
  return endpoint;
}

async function countEndpoints(trx: Transaction<Tables>, ownerId: string): Promise<number> {
  const { count } = await trx
    .selectFrom('endpoint')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('owner_id', '=', ownerId)
    .where('deleted_at', 'is', null)
    .executeTakeFirstOrThrow();
  return count;
}
