import { type Kysely, type Selectable, sql } from 'kysely';
import type { Tables } from '../tables.ts';

/** The last state of an endpoint's circuit that the engine has written. */
export type EndpointCircuit = Readonly<
  Pick<
    Selectable<Tables['endpoint_health']>,
    'circuit' | 'opened_at' | 'next_probe_at' | 'consecutive_failures'
  >
>;

/** The health of an endpoint without a written state. */
export const untroubled: EndpointCircuit = {
  circuit: 'CLOSED',
  opened_at: null,
  next_probe_at: null,
  consecutive_failures: 0,
};

/** The health of those endpoints that have a written state. */
export async function findCircuits(
  db: Kysely<Tables>,
  ownerId: string,
  endpointIds: readonly string[],
): Promise<ReadonlyMap<string, EndpointCircuit>> {
  const rows = await db
    .selectFrom('endpoint_health')
    .select(['endpoint_id', 'circuit', 'opened_at', 'next_probe_at', 'consecutive_failures'])
    .where('owner_id', '=', ownerId)
    .where('endpoint_id', '=', sql<string>`any(${[...endpointIds]}::uuid[])`)
    .execute();
  return new Map(rows.map(({ endpoint_id, ...circuit }) => [endpoint_id, circuit]));
}
