import type { Kysely } from 'kysely';
import { systemActor } from '../access/actor.ts';
import { TenantIdentities } from '../access/tenant-identity.ts';
import type { Database } from '../db/pool.ts';
import { AddressGuard } from '../egress/address-guard.ts';
import { createSender, type Sender, type SenderOptions } from '../egress/send.ts';
import { createEndpoint } from '../endpoints/create-endpoint.ts';
import type { Handshakes } from '../endpoints/handshakes.ts';
import { registerEventType } from '../event-types/catalogue.ts';
import { findEventType } from '../event-types/event-type.ts';
import type { TenantLimits } from '../limits/tenant-limits.ts';
import type { Logger } from '../log.ts';
import { declareRoute, type Route } from '../route.ts';
import type { SigningSecrets } from '../sending/signing-secrets.ts';
import { verifySignature } from '../signing/sign.ts';
import type { Tables } from '../tables.ts';

/**
 * What a first start without settings shows: a tenant with one endpoint, whose receiver is a route of the same
 * server. It exists only on the embedded database.
 */
export const demoTenant = 'demo';
export const demoEventType = 'demo.greeted';
export const demoReceiverPath = '/demo/receiver';

const receive = declareRoute({
  method: 'POST',
  path: '/demo/receiver',
  description:
    "The demo's built-in receiver, which verifies the signature and answers 200. It exists only with the embedded database.",
  auth: ['SIGNATURE'],
  request: "a delivery, signed with the demo endpoint's secret",
  response: '{"received":true}; for a handshake {"challenge"}',
  errors: ['UNAUTHENTICATED'],
  records: ['Endpoint'],
  sideEffects: [],
  idempotency: 'It changes nothing.',
});

const toleranceSeconds = 300;

/**
 * The usual sender with an exception for one URL: the demo's receiver may be reached although it is on loopback. No
 * other URL on loopback may.
 */
export function demoSender(usual: Sender, receiverUrl: () => string, options: SenderOptions): Sender {
  const own = createSender({ ...options, guard: new AddressGuard(['127.0.0.1/32', '::1/128']) });
  return {
    send: (request) => (request.url === receiverUrl() ? own : usual).send(request),
    close: async () => {
      await Promise.all([usual.close(), own.close()]);
    },
  };
}

/**
 * Creates the demo's tenant, event type and endpoint if they are missing, and updates the endpoint if the port has
 * changed.
 */
export async function seedDemo(options: {
  database: Database;
  secrets: SigningSecrets;
  limits: TenantLimits;
  handshakes: Handshakes;
  receiverUrl: string;
}): Promise<void> {
  const { database, secrets, limits, handshakes, receiverUrl } = options;
  const by = { actor: systemActor, requestId: undefined };
  const ownerId = await new TenantIdentities(database).findOrCreate(demoTenant);
  if ((await findEventType(database, demoEventType)) === undefined) {
    await database.query.transaction().execute((trx) =>
      registerEventType(
        trx,
        {
          name: demoEventType,
          description: 'Somebody said hello: the type of the first event that you publish.',
          dataType: 'Greeting',
          schema: { type: 'object', properties: { hello: { type: 'string' } }, required: ['hello'] },
          example: { hello: 'world' },
        },
        { by, limits },
      ),
    );
  }
  const known = await findDemoEndpoint(database.query, ownerId);
  if (known !== undefined) {
    if (known.url === receiverUrl) return;
    await database.query
      .updateTable('endpoint')
      .set({ url: receiverUrl })
      .where('owner_id', '=', ownerId)
      .where('id', '=', known.id)
      .execute();
    return;
  }
  const { endpoint } = await database.query.transaction().execute((trx) =>
    createEndpoint(
      trx,
      { secrets, limits },
      {
        ownerId,
        ownerKind: 'TENANT',
        values: {
          url: receiverUrl,
          events: ['*'],
          description: 'The built-in receiver of the demo',
          isActive: true,
          maxDeliveriesPerSecond: null,
          ordering: 'NONE',
        },
        by,
      },
    ),
  );
  handshakes.begin(endpoint);
}

/** A receiver like a customer's: it returns the handshake's challenge, verifies the signature, and answers 200. */
export function demoRoute(options: { database: Database; secrets: SigningSecrets; logger: Logger }): Route {
  const { database, secrets, logger } = options;
  return receive(async ({ headers, body }) => {
    const ownerId = await new TenantIdentities(database).find(demoTenant);
    const endpoint = ownerId === undefined ? undefined : await findDemoEndpoint(database.query, ownerId);
    if (ownerId === undefined || endpoint === undefined) return { status: 404 };
    const text = body.toString('utf8');
    const isGenuine = verifySignature(
      (await secrets.keysInForce(database.query, ownerId, endpoint.id)).filter((key) => Buffer.isBuffer(key)),
      {
        id: String(headers['webhook-id']),
        timestamp: String(headers['webhook-timestamp']),
        signature: String(headers['webhook-signature']),
      },
      text,
      { toleranceSeconds, nowSeconds: Date.now() / 1000 },
    );
    if (!isGenuine) return { status: 401, body: { error: 'The signature does not match.' } };
    const message: { type?: unknown; challenge?: unknown } = JSON.parse(text);
    if (message.type === 'endpoint.verification')
      return { status: 200, body: { challenge: message.challenge } };
    logger.info(
      { webhookId: headers['webhook-id'], type: message.type },
      'the demo receiver received an event',
    );
    return { status: 200, body: { received: true } };
  });
}

function findDemoEndpoint(
  db: Kysely<Tables>,
  ownerId: string,
): Promise<{ id: string; url: string } | undefined> {
  return db
    .selectFrom('endpoint')
    .select(['id', 'url'])
    .where('owner_id', '=', ownerId)
    .where('url', 'like', `http://%${demoReceiverPath}`)
    .where('deleted_at', 'is', null)
    .orderBy('id')
    .limit(1)
    .executeTakeFirst();
}
