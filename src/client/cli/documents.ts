import { logDocument } from '../document.ts';

/** Every GraphQL document of the commands, in one place: a server that executes only documents it knows has to know them. */
const endpointFields = 'id url state { name } events description circuit { state }';
const eventFields = 'id type payloadText occurredAt';
const jobFields = 'id status matched replayed skipped';

/** What `listen` needs of a change. */
export const listenSelection = `{ previousStatus delivery { event { ${eventFields} } } }`;

export const documents = {
  viewer: 'query Viewer { viewer { label kind permissions expiresAt } }',
  listen: logDocument(listenSelection),
  eventOfDelivery: `query EventOfDelivery($id: ID!) { delivery(id: $id) { event { ${eventFields} } } }`,
  event: `query Event($id: ID!) { event(id: $id) { ${eventFields} } }`,
  deliveriesOfEvent: `query DeliveriesOfEvent($id: [ID!]) {
  deliveries(first: 100, filter: { eventId: $id }) { nodes { id status } }
}`,
  deliveryCount: `query DeliveryCount($filter: DeliveryFilter) {
  deliveryCount(filter: $filter, limit: 100000) { count isCapped }
}`,
  replay: `mutation ReplayDeliveries($filter: DeliveryFilter!) {
  replayDeliveries(input: { filter: $filter }) {
    __typename
    ... on ReplayDeliveriesPayload { job { ${jobFields} } }
    ... on Error { message }
  }
}`,
  replayJob: `query ReplayJob($id: ID!) { replayJob(id: $id) { ${jobFields} } }`,
  endpoints: `query Endpoints($after: String) {
  endpoints(first: 100, after: $after) { nodes { ${endpointFields} } pageInfo { hasNextPage endCursor } }
}`,
  endpoint: `query Endpoint($id: ID!) {
  endpoint(id: $id) {
    ${endpointFields}
    deliveries(first: 20) { nodes { id status eventType createdAt attemptCount } }
  }
}`,
  delivery: `query Delivery($id: ID!) {
  delivery(id: $id) {
    id status failureReason eventType createdAt nextAttemptAt event { id } endpoint { id url }
    attempts { number outcome responseStatus error durationMs startedAt }
  }
}`,
  eventTypes: 'query EventTypes { eventTypes { name category description } }',
} as const;
