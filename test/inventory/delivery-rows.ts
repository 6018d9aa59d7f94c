import { decodeId } from '../../src/ids.ts';
import { made } from './app-rows.ts';
import type { Credentials } from './credentials.ts';
import type { Owner } from './owners.ts';
import type { Rows } from './row.ts';

const see = { tenant: 'MANAGE_WEBHOOKS', app: 'VIEW_DELIVERIES' } as const;
const change = { tenant: 'MANAGE_WEBHOOKS', app: 'MANAGE_WEBHOOK' } as const;
const nobody = { nodes: [] };

const delivery = async (owner: Owner) => ({ id: (await owner.delivery()).id });

/** A test cannot be replayed, so it is turned into the delivery of an event. */
async function failed(owner: Owner, { query }: Credentials): Promise<object> {
  const { id } = await owner.delivery('FAILED');
  await query("update delivery set kind = 'EVENT' where id = $1", [decodeId('Delivery', id)]);
  return { id };
}

/** The type of an event of the owner's. */
async function typed(owner: Owner, { query }: Credentials): Promise<object> {
  const { eventId } = await owner.delivery();
  const rows = await query('select type from event where id = $1', [decodeId('Event', eventId)]);
  return { type: Object(rows[0]).type };
}

const job = async (owner: Owner) => ({ id: await owner.replayJob() });
const cancellation = async (owner: Owner) => ({ id: await owner.cancelJob() });
const endpoint = async (owner: Owner) => ({ id: await owner.endpoint() });
const one = async (owner: Owner) => made(await owner.delivery());

/** The owner's log, with two positions; for an app, by its id. */
async function log({ appId, delivery: make }: Owner): Promise<object> {
  await make();
  await make();
  return { appId, after: 1 };
}

const bounds = async (owner: Owner) => ({ appId: Object(await log(owner)).appId });

const ahead = { code: 'LOG_POSITION_AHEAD', head: 0 };

export const deliveryRows: Rows = {
  'QUERY deliveries': {
    needs: see,
    document: '{ deliveries { nodes { id } } }',
    about: one,
    reach: 'own',
    nothing: nobody,
  },
  'QUERY delivery': {
    needs: see,
    document: 'query ($id: ID!) { delivery(id: $id) { id } }',
    about: delivery,
  },
  'QUERY deliveryCount': {
    needs: see,
    document: '{ deliveryCount { count } }',
    about: one,
    reach: 'own',
    nothing: { count: 0 },
  },
  'QUERY deliveryStats': {
    needs: see,
    document: '{ deliveryStats { total } }',
    about: one,
    reach: 'own',
    nothing: { total: 0 },
  },
  'QUERY event': {
    needs: see,
    document: 'query ($id: ID!) { event(id: $id) { id } }',
    about: async (owner) => ({ id: (await owner.delivery()).eventId }),
  },
  'QUERY events': {
    needs: see,
    document: '{ events { nodes { id } } }',
    about: one,
    reach: 'own',
    nothing: nobody,
  },
  'QUERY previewFilter': {
    needs: see,
    document:
      'query ($type: String!) { previewFilter(filter: [], eventType: $type) { examined events { event { id } } } }',
    about: typed,
    reach: 'own',
    nothing: { examined: 0, events: [] },
  },
  'QUERY logHead': {
    needs: see,
    document: 'query ($appId: ID) { logHead(appId: $appId) }',
    about: bounds,
    reach: 'log',
    nothing: 0,
    withoutIt: 'missing',
  },
  'QUERY logOldest': {
    needs: see,
    document: 'query ($appId: ID) { logOldest(appId: $appId) }',
    about: bounds,
    reach: 'log',
    withoutIt: 'missing',
  },
  'QUERY replayJob': {
    needs: see,
    document: 'query ($id: ID!) { replayJob(id: $id) { id } }',
    about: job,
  },
  'QUERY cancelJob': {
    needs: see,
    document: 'query ($id: ID!) { cancelJob(id: $id) { id } }',
    about: cancellation,
  },
  'MUTATION cancelDeliveries': { needs: change, about: () => ({ filter: { status: [] } }), reach: 'own' },
  'MUTATION cancelDelivery': { needs: change, about: delivery },
  'MUTATION purgeDeliveries': {
    needs: change,
    about: async (owner) => ({ endpointId: (await owner.delivery()).endpointId }),
  },
  'MUTATION replayDeliveries': { needs: change, about: () => ({ filter: { status: [] } }), reach: 'own' },
  'MUTATION replayDelivery': { needs: change, about: failed },
  'SUBSCRIPTION cancelJobProgress': {
    needs: see,
    document: 'subscription ($id: ID!) { cancelJobProgress(id: $id) { id } }',
    about: cancellation,
  },
  'SUBSCRIPTION deliveryLog': {
    needs: see,
    document:
      'subscription ($appId: ID, $after: SafeInt) { deliveryLog(appId: $appId, after: $after) { changes { deliveryId } } }',
    about: log,
    reach: 'log',
    nothing: ahead,
    withoutIt: 'missing',
  },
  'SUBSCRIPTION deliveryStatusChanged': {
    needs: see,
    document:
      'subscription ($appId: ID, $after: SafeInt) { deliveryStatusChanged(appId: $appId, after: $after) { deliveryId } }',
    about: log,
    reach: 'log',
    nothing: ahead,
    withoutIt: 'missing',
  },
  'SUBSCRIPTION replayJobProgress': {
    needs: see,
    document: 'subscription ($id: ID!) { replayJobProgress(id: $id) { id } }',
    about: job,
  },
};

export const endpointRows: Rows = {
  'QUERY endpoint': {
    needs: see,
    document: 'query ($id: ID!) { endpoint(id: $id) { id } }',
    about: endpoint,
  },
  'QUERY endpoints': {
    needs: see,
    document: '{ endpoints { nodes { id } } }',
    about: async (owner) => made(await owner.endpoint()),
    reach: 'own',
    nothing: nobody,
  },
  'MUTATION createEndpoint': {
    needs: { tenant: 'MANAGE_WEBHOOKS' },
    about: (_owner, { ours }) => ({ url: `${ours.maker.receiverUrl}?new`, events: ['*'] }),
    reach: 'own',
  },
  'MUTATION updateEndpoint': {
    needs: change,
    about: async (owner) => ({ ...(await endpoint(owner)), description: 'Changed.' }),
  },
  'MUTATION pauseEndpoint': { needs: change, about: endpoint },
  'MUTATION resumeEndpoint': { needs: change, about: endpoint },
  'MUTATION recoverEndpoint': {
    needs: change,
    about: async (owner) => ({ ...(await endpoint(owner)), since: '2026-01-01T00:00:00Z' }),
  },
  'MUTATION deleteEndpoint': { needs: change, about: endpoint },
  'MUTATION rotateEndpointSecret': {
    needs: { tenant: 'MANAGE_WEBHOOKS', app: 'ROTATE_SECRETS' },
    about: endpoint,
  },
  'MUTATION verifyEndpoint': { needs: change, about: endpoint },
  'MUTATION testEndpoint': { needs: change, about: endpoint },
  'MUTATION publishEvents': {
    needs: { tenant: 'PUBLISH_EVENTS' },
    about: () => ({ events: [{ type: 'order.paid', payload: {} }] }),
    reach: 'own',
  },
};
