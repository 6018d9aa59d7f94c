import { shardOf } from '../../src/status/shard.ts';
import type { Site } from './site.ts';

const rowsPerStatement = 50_000;

/**
 * Queues deliveries in bulk, like `publishEvents` would: the event, the delivery, the due row, and its entry in the
 * log.
 */
export async function floodEndpoint(
  site: Pick<Site, 'sql'>,
  options: { tenant: string; endpointId: string; count: number },
): Promise<void> {
  const [owner] = await site.sql<{ id: string }>('select id from tenant where external_id = $1', [
    options.tenant,
  ]);
  if (owner === undefined) throw new Error(`No tenant ${options.tenant}.`);
  const shard = shardOf(owner.id, options.endpointId);
  for (let made = 0; made < options.count; made += rowsPerStatement) {
    await site.sql(
      `with x as materialized (
         select uuidv7() as event_id, uuidv7() as id, n from generate_series(1, $4::int) n
       ),
       ev as (
         insert into event (owner_id, id, type, body, tenant_id, occurred_at)
         select $1, event_id, 'order.paid', '{"type":"order.paid","timestamp":"2026-01-01T00:00:00.000Z","data":{}}',
                $1, now() from x
       ),
       queued as (
         insert into due (owner_id, delivery_id, shard, endpoint_id, event_id, due_at, status, max_attempts, kind)
         select $1, id, $3, $2, event_id, now(), 'PENDING', 10, 'EVENT' from x
       ),
       del as (
         insert into delivery
           (owner_id, id, endpoint_id, event_id, event_type, kind, status, max_attempts, next_attempt_at, tenant_id)
         select $1, id, $2, event_id, 'order.paid', 'EVENT', 'PENDING', 10, now(), $1 from x
       ),
       hd as (
         update owner_log set head = head + $4, at = greatest(at, clock_timestamp()) where owner_id = $1
         returning head, at
       )
       insert into delivery_log
         (owner_id, position, occurred_at, delivery_id, endpoint_id, event_id, event_type, kind, tenant_id, status,
          attempt_number)
       select $1, hd.head - $4 + x.n, hd.at, x.id, $2, x.event_id, 'order.paid', 'EVENT', $1, 'PENDING', 0
         from x, hd`,
      [owner.id, options.endpointId, shard, Math.min(rowsPerStatement, options.count - made)],
    );
  }
}
