import type { Transaction } from 'kysely';
import type { By } from '../../src/access/actor.ts';
import { systemActor } from '../../src/access/actor.ts';
import { insertTenant } from '../../src/access/tenant-identity.ts';
import { AddressGuard } from '../../src/egress/address-guard.ts';
import { createSender } from '../../src/egress/send.ts';
import { createEndpoint } from '../../src/endpoints/create-endpoint.ts';
import { type Endpoint, findEndpoint } from '../../src/endpoints/endpoint.ts';
import type { EndpointValues } from '../../src/endpoints/endpoint-input.ts';
import { Handshakes } from '../../src/endpoints/handshakes.ts';
import { mintUuid } from '../../src/ids.ts';
import { SigningSecrets } from '../../src/sending/signing-secrets.ts';
import { SecretBox } from '../../src/signing/secret-box.ts';
import type { Tables } from '../../src/tables.ts';
import { createTestDatabase, quietLogger } from '../support/database.ts';
import { limitsWith } from '../support/limits.ts';

/** Everything that the room needs, over its own database. Requests may only be sent to 127.0.0.1. */
export type Room = Awaited<ReturnType<typeof openRoom>>;

export const by: By = { actor: systemActor, requestId: 'req-1' };

export async function openRoom() {
  const db = await createTestDatabase();
  const { database } = db;
  const guard = new AddressGuard(['127.0.0.1/32']);
  const sender = createSender({
    guard,
    requireHttps: false,
    maxResponseBytes: 65_536,
    keptResponseBytes: 4_096,
  });
  const box = new SecretBox([{ id: 'test', key: Buffer.alloc(32, 7) }]);
  const secrets = new SigningSecrets(box);
  const opened: Handshakes[] = [];

  const act = <T>(run: (trx: Transaction<Tables>) => Promise<T>): Promise<T> =>
    database.query.transaction().execute(run);

  /** The services of another process over the same database. */
  function newHandshakes({
    isAlone = false,
    ...config
  }: {
    verifyTimeoutMs?: number;
    requireVerification?: boolean;
    isAlone?: boolean;
  } = {}): Handshakes {
    const handshakes = new Handshakes({
      database,
      logger: quietLogger,
      sender,
      secrets,
      userAgent: 'Heliograph/test',
      config: { verifyTimeoutMs: 5_000, requireVerification: true, retrySchedule: [0, 5], ...config },
      isAlone,
    });
    opened.push(handshakes);
    return handshakes;
  }

  return {
    database,
    guard,
    box,
    secrets,
    handshakes: newHandshakes(),
    newHandshakes,
    act,
    async newOwner(): Promise<string> {
      const tenant = await act((trx) => insertTenant(trx, { externalId: mintUuid(), name: 'a tenant' }));
      if (tenant === undefined) throw new Error('the tenant exists');
      return tenant.id;
    },
    newEndpoint(
      ownerId: string,
      values: Partial<EndpointValues> = {},
    ): Promise<{ endpoint: Endpoint; secret: string }> {
      return act((trx) =>
        createEndpoint(
          trx,
          { secrets, limits: limitsWith() },
          {
            ownerId,
            ownerKind: 'TENANT',
            values: {
              url: 'http://127.0.0.1:9/hook',
              events: ['*'],
              description: null,
              isActive: true,
              maxDeliveriesPerSecond: null,
              ordering: 'NONE',
              ...values,
            },
            by,
          },
        ),
      );
    },
    async reread({ owner_id, id }: Endpoint): Promise<Endpoint> {
      const endpoint = await findEndpoint(database.query, owner_id, id);
      if (endpoint === undefined) throw new Error('the endpoint is gone');
      return endpoint;
    },
    /** The endpoint's audit entries, oldest first. */
    async audit({ owner_id, id }: Endpoint) {
      return await database.query
        .selectFrom('audit_entry')
        .select(['action', 'changes', 'actor_kind', 'request_id'])
        .where('owner_id', '=', owner_id)
        .where('target_id', '=', id)
        .orderBy('id')
        .execute();
    },
    async close(): Promise<void> {
      await Promise.all(opened.map((handshakes) => handshakes.stop()));
      await sender.close();
      await db.drop();
    },
  };
}
