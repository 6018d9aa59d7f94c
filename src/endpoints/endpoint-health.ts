import { type Kysely, type Selectable, sql } from 'kysely';
import type { Tables } from '../tables.ts';

/** What the engine last wrote down about an endpoint's circuit. */
export type EndpointCircuit = Readonly<
  Pick<
    Selectable<Tables['endpoint_health']>,
    'circuit' | 'opened_at' | 'next_probe_at' | 'consecutive_failures'
  >
>;

/** Of an endpoint that nothing has been written about. */
export const untroubled: EndpointCircuit = {
  circuit: 'CLOSED',
  opened_at: null,
  next_probe_at: null,
  consecutive_failures: 0,
};

/** Of those of the endpoints that something has been written about. */
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
