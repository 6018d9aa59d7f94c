import type { Database } from '../db/pool.ts';
import { run, statement } from '../db/statement.ts';
import type { SigningKey } from '../signing/sign.ts';
import type { SigningSecrets } from './signing-secrets.ts';

const inForceStatement = statement(
  'secrets_in_force',
  `select s.owner_id, s.endpoint_id, s.id, s.sealed
     from unnest($1::uuid[], $2::uuid[]) as x(owner_id, endpoint_id)
     join signing_secret s on s.owner_id = x.owner_id and s.endpoint_id = x.endpoint_id
    where s.expires_at is null or s.expires_at > clock_timestamp()
    order by s.endpoint_id, s.id desc`,
  { owners: [[1, 2]], returns: 'owner_id uuid, endpoint_id uuid, id uuid, sealed bytea' },
);

/**
 * The keys that sign now for each of the endpoints, newest first, by endpoint id. They are read for every claim. A
 * secret that cannot be opened (its key has left the ring) is logged and left out. It affects only its own endpoint,
 * and an endpoint without another secret gets an empty list.
 */
export async function readSigningKeys(
  db: Database,
  secrets: SigningSecrets,
  options: {
    endpoints: readonly { owner_id: string; endpoint_id: string }[];
    onUnreadable: (endpointId: string, error: unknown) => void;
  },
): Promise<ReadonlyMap<string, readonly SigningKey[]>> {
  const distinct = [...new Map(options.endpoints.map((row) => [row.endpoint_id, row.owner_id]))];
  const rows = await run<{ owner_id: string; endpoint_id: string; id: string; sealed: Buffer }>(
    db,
    db.engine,
    inForceStatement,
    [distinct.map(([, ownerId]) => ownerId), distinct.map(([endpointId]) => endpointId)],
  );
  const keys = new Map<string, SigningKey[]>();
  for (const row of rows) {
    const list = keys.get(row.endpoint_id) ?? [];
    keys.set(row.endpoint_id, list);
    try {
      list.push(
        secrets.open({
          ownerId: row.owner_id,
          endpointId: row.endpoint_id,
          id: row.id,
          sealed: row.sealed,
        }),
      );
    } catch (error) {
      options.onUnreadable(row.endpoint_id, error);
    }
  }
  return keys;
}
