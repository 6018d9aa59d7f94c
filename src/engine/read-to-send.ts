import type { Database } from '../db/pool.ts';
import { run, statement } from '../db/statement.ts';
import type { SigningSecrets } from '../sending/signing-secrets.ts';
import type { SigningKey } from '../signing/sign.ts';
import type { ClaimedRow } from './claim.ts';

/** The events of a claim and the secrets that sign now, read at once, since each statement has a price of its own. */
const toSendStatement = statement(
  'read_to_send',
  `select e.owner_id, null::uuid as endpoint_id, e.id, e.body, e.type, e.trace_context, null::bytea as sealed
     from unnest($1::uuid[], $2::uuid[]) as x(owner_id, event_id)
     join event e on e.owner_id = x.owner_id and e.id = x.event_id
    union all
   select s.owner_id, s.endpoint_id, s.id, null, null, null, s.sealed
     from unnest($3::uuid[], $4::uuid[]) as x(owner_id, endpoint_id)
     join signing_secret s on s.owner_id = x.owner_id and s.endpoint_id = x.endpoint_id
    where s.expires_at is null or s.expires_at > clock_timestamp()`,
  {
    owners: [
      [1, 2],
      [3, 4],
    ],
    returns:
      'owner_id uuid, endpoint_id uuid, id uuid, body text, type text, trace_context text, sealed bytea',
    isPrepared: true,
  },
);

type EventRow = { endpoint_id: null; id: string; body: string; type: string; trace_context: string | null };
type SecretRow = { endpoint_id: string; id: string; owner_id: string; sealed: Buffer };

/** What is sent of an event. */
export type EventToSend = Readonly<{
  body: string;
  bytes: number;
  type: string;
  traceContext: string | null;
}>;

export type ToSend = Readonly<{
  /** By event id. An event past retention is not included. */
  events: ReadonlyMap<string, EventToSend>;
  /**
   * The keys that sign now, newest first, by endpoint id. A secret that cannot be opened (its key has left the ring) is
   * logged and left out. It affects only its own endpoint, and an endpoint without another secret gets an empty list.
   */
  keys: ReadonlyMap<string, readonly SigningKey[]>;
}>;

/** Reads what is sent for the rows of a claim. The keys are read for every claim, so that an ended one never signs. */
export async function readToSend(
  db: Database,
  secrets: SigningSecrets,
  options: {
    rows: readonly Pick<ClaimedRow, 'owner_id' | 'event_id' | 'endpoint_id'>[];
    onUnreadable: (endpointId: string, error: unknown) => void;
  },
): Promise<ToSend> {
  const eventIds = new Map(options.rows.map((row) => [row.event_id, row.owner_id]));
  const endpointIds = new Map(options.rows.map((row) => [row.endpoint_id, row.owner_id]));
  const found = await run<EventRow | SecretRow>(db, db.engine, toSendStatement, [
    [...eventIds.values()],
    [...eventIds.keys()],
    [...endpointIds.values()],
    [...endpointIds.keys()],
  ]);
  const events = new Map<string, EventToSend>();
  const sealed: SecretRow[] = [];
  for (const row of found) {
    if (row.endpoint_id !== null) sealed.push(row);
    else {
      const { id, body, type, trace_context: traceContext } = row;
      events.set(id, { body, bytes: Buffer.byteLength(body), type, traceContext });
    }
  }
  const keys = new Map<string, SigningKey[]>();
  for (const { owner_id: ownerId, endpoint_id: endpointId, id, sealed: secret } of newestFirst(sealed)) {
    const list = keys.get(endpointId) ?? [];
    keys.set(endpointId, list);
    try {
      list.push(secrets.open({ ownerId, endpointId, id, sealed: secret }));
    } catch (error) {
      options.onUnreadable(endpointId, error);
    }
  }
  return { events, keys };
}

const newestFirst = (secrets: readonly SecretRow[]): readonly SecretRow[] =>
  [...secrets].sort((a, b) => (a.id < b.id ? 1 : -1));
