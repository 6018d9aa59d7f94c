import { setTimeout as delay } from 'node:timers/promises';
import { ask } from '../support/client.ts';
import { type Fault, Skipped } from './fault.ts';
import type { Behaviour } from './ledger.ts';
import { expectOnly } from './on-receivers.ts';
import { deliveryTimeoutMs, type Site, within } from './site.ts';
import { removeEndpoint } from './traffic.ts';

/** Endpoints that change while their deliveries are being sent. */
const slow: Behaviour = async (_request, response) => {
  await delay(deliveryTimeoutMs / 3);
  response.writeHead(204).end();
  return { status: 204, isProcessed: true };
};

export const deleteInFlight: Fault = {
  name: 'endpoint deleted in mid-flight',
  mayDuplicate: false,
  async act(scene) {
    const tenant = await scene.traffic.addTenant();
    const endpoint = await scene.traffic.addEndpoint(tenant, slow);
    await scene.traffic.publish(tenant, 60);
    await delay(200);
    await removeEndpoint(scene, tenant, endpoint);
    const before = Date.now();
    await delay(deliveryTimeoutMs * 2);
    const late = scene.site.ledger
      .entriesOf(endpoint.place)
      .filter(({ at }) => at > before + deliveryTimeoutMs).length;
    if (late > 0) scene.blame(`${late} requests came after the endpoint was deleted`);
  },
};

export const purgeInFlight: Fault = {
  name: 'deliveries purged in mid-flight',
  mayDuplicate: false,
  async act({ site, traffic, blame }) {
    await need(site, 'purgeDeliveries');
    const tenant = await traffic.addTenant();
    const endpoint = await traffic.addEndpoint(tenant, slow);
    await traffic.publish(tenant, 60);
    await delay(200);
    traffic.removed.add(endpoint.uuid);
    const { purgeDeliveries: purged } = await ask<{ purgeDeliveries: { purgedCount?: number } }>(
      tenant.caller,
      `mutation ($id: ID!) {
         purgeDeliveries(input: { endpointId: $id }) {
           ... on PurgeDeliveriesPayload { purgedCount } ... on Error { message }
         }
       }`,
      { id: endpoint.id },
    );
    if (purged.purgedCount !== 60) blame(`purged ${JSON.stringify(purged)} instead of 60`);
    const before = site.ledger.entriesOf(endpoint.place).length;
    const made = await traffic.publish(tenant, 5);
    const ids = new Set(made.map(({ eventUuid }) => eventUuid));
    if (!(await within(10_000, () => site.ledger.entriesOf(endpoint.place).length >= before + ids.size))) {
      blame('what was published after the purge did not arrive');
    }
  },
};

export const rotateInFlight: Fault = {
  name: 'secret rotated in mid-flight, 5 times',
  mayDuplicate: false,
  async act({ site, traffic, blame }) {
    const tenant = await traffic.addTenant();
    const endpoint = await traffic.addEndpoint(tenant, slow);
    for (let times = 0; times < 5; times += 1) {
      await traffic.publish(tenant, 20);
      const { rotateEndpointSecret: rotated } = await ask<{ rotateEndpointSecret: { secret?: string } }>(
        tenant.caller,
        `mutation ($id: ID!) {
           rotateEndpointSecret(input: { id: $id, overlapSeconds: 0 }) {
             ... on RotateEndpointSecretPayload { secret } ... on Error { message }
           }
         }`,
        { id: endpoint.id },
      );
      if (rotated.secret === undefined) return blame(`not rotated: ${JSON.stringify(rotated)}`);
      site.canaries.push(rotated.secret.replace(/^whsec_/, ''));
      site.ledger.trust(endpoint.place, rotated.secret);
    }
    await expectOnly(site, { endpoint, status: 'SUCCEEDED', reason: null, blame });
  },
};

export const replayInFlight: Fault = {
  name: 'replay while in flight',
  mayDuplicate: false,
  async act({ site, traffic, blame }) {
    await need(site, 'replayDelivery');
    const tenant = await traffic.addTenant();
    let isSick = true;
    const endpoint = await traffic.addEndpoint(tenant, async (request, response) => {
      if (!isSick) return slow(request, response);
      response.writeHead(500).end();
      return { status: 500, isProcessed: false };
    });
    await traffic.publish(tenant, 1);
    await expectOnly(site, { endpoint, status: 'DEAD_LETTER', reason: 'RETRIES_EXHAUSTED', blame });
    isSick = false;
    const [row] = await site.sql<{ id: string }>('select id from delivery where endpoint_id = $1', [
      endpoint.uuid,
    ]);
    const replay = async () => {
      const { deliveries } = await ask<{ deliveries: { nodes: { id: string }[] } }>(
        tenant.caller,
        '{ deliveries(first: 1, filter: { status: [DEAD_LETTER] }) { nodes { id } } }',
      );
      return ask<object>(
        tenant.caller,
        `mutation ($id: ID!) {
           replayDelivery(input: { id: $id }) { __typename ... on Error { message } }
         }`,
        { id: deliveries.nodes[0]?.id ?? '' },
      );
    };
    // Three at once, and one more while those are being sent.
    await Promise.all([replay(), replay(), replay()]);
    await delay(100);
    await replay();
    const replays = async () => {
      const [found] = await site.sql<{ n: number }>(
        `select count(*)::int as n from delivery where endpoint_id = $1 and replay_of = $2 and status = 'SUCCEEDED'`,
        [endpoint.uuid, row?.id],
      );
      return found?.n ?? 0;
    };
    if (!(await within(10_000, async () => (await replays()) === 4)))
      blame(`${await replays()} replays of 4`);
  },
};

async function need(site: Site, mutation: string): Promise<void> {
  const caller = await site.callerOf({ tenant: 'asker' });
  const { __type: type } = await ask<{ __type: { fields: { name: string }[] } }>(
    caller,
    '{ __type(name: "Mutation") { fields { name } } }',
  );
  if (!type.fields.some(({ name }) => name === mutation)) throw new Skipped(`there is no ${mutation} yet`);
}
