import { logDocument } from '../document.ts';

/** Every GraphQL document of the commands, in one place: a server that executes only documents it knows has to know them. */
const endpointFields = 'id url state { name } events description circuit { state }';
const sendingFields = `pausedAt headers { name value isSecret signsBody } filter { path op value } ordering signature
    publicKey headerPrefix retrySchedule timeoutMs stopOn alertEmails sendTraceparent maxDeliveriesPerSecond`;
const refusal = '... on ValidationError { issues { path code message } } ... on Error { code message }';
const wholeEndpoint = `endpoint { ${endpointFields} ${sendingFields} }`;
const sent = 'delivery { id status event { id } }';
const eventFields = 'id type payloadText occurredAt';
const jobFields = 'id status matched replayed skipped';
const cancelFields = 'id status matched cancelled skipped';

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
  replayJob: `query ReplayJob($id: ID!) { job: replayJob(id: $id) { ${jobFields} } }`,
  cancel: `mutation CancelDeliveries($filter: DeliveryFilter!) {
  cancelDeliveries(input: { filter: $filter }) {
    __typename
    ... on CancelDeliveriesPayload { job { ${cancelFields} } }
    ${refusal}
  }
}`,
  cancelJob: `query CancelJob($id: ID!) { job: cancelJob(id: $id) { ${cancelFields} } }`,
  cancelOne: `mutation CancelDelivery($id: ID!) {
  cancelDelivery(input: { id: $id }) {
    __typename
    ... on CancelDeliveryPayload { delivery { id status failureReason } }
    ... on Error { code message }
  }
}`,
  replayOne: `mutation ReplayDelivery($input: ReplayDeliveryInput!) {
  replayDelivery(input: $input) {
    __typename
    ... on ReplayDeliveryPayload { ${sent} }
    ... on Error { code message }
  }
}`,
  recover: `mutation RecoverEndpoint($input: RecoverEndpointInput!) {
  recoverEndpoint(input: $input) {
    __typename
    ... on RecoverEndpointPayload { failed missed job { ${jobFields} } }
    ${refusal}
  }
}`,
  createEndpoint: `mutation CreateEndpoint($input: CreateEndpointInput!) {
  createEndpoint(input: $input) {
    __typename
    ... on CreateEndpointPayload { secret ${wholeEndpoint} }
    ${refusal}
  }
}`,
  updateEndpoint: `mutation UpdateEndpoint($input: UpdateEndpointInput!) {
  updateEndpoint(input: $input) {
    __typename
    ... on UpdateEndpointPayload { ${wholeEndpoint} }
    ${refusal}
  }
}`,
  rotateSecret: `mutation RotateEndpointSecret($input: RotateEndpointSecretInput!) {
  rotateEndpointSecret(input: $input) {
    __typename
    ... on RotateEndpointSecretPayload { secret ${wholeEndpoint} }
    ${refusal}
  }
}`,
  verifyEndpoint: `mutation VerifyEndpoint($id: ID!) {
  verifyEndpoint(input: { id: $id }) {
    __typename
    ... on VerifyEndpointPayload { verified reason }
    ... on Error { code message }
  }
}`,
  pauseEndpoint: `mutation PauseEndpoint($id: ID!) {
  pauseEndpoint(input: { id: $id }) {
    __typename
    ... on PauseEndpointPayload { ${wholeEndpoint} }
    ... on Error { code message }
  }
}`,
  resumeEndpoint: `mutation ResumeEndpoint($id: ID!) {
  resumeEndpoint(input: { id: $id }) {
    __typename
    ... on ResumeEndpointPayload { ${wholeEndpoint} }
    ... on Error { code message }
  }
}`,
  deleteEndpoint: `mutation DeleteEndpoint($id: ID!) {
  deleteEndpoint(input: { id: $id }) {
    __typename
    ... on DeleteEndpointPayload { id deletedAt }
    ... on Error { code message }
  }
}`,
  test: `mutation TestEndpoint($input: TestEndpointInput!) {
  testEndpoint(input: $input) {
    __typename
    ... on TestEndpointPayload { ${sent} }
    ${refusal}
  }
}`,
  previewFilter: `query PreviewFilter($filter: [PayloadConditionInput!]!, $type: String!) {
  previewFilter(filter: $filter, eventType: $type) {
    examined matched events { event { id occurredAt } matches failedCondition }
  }
}`,
  deliveries: `query Deliveries($filter: DeliveryFilter, $first: Int, $after: String) {
  deliveries(filter: $filter, first: $first, after: $after) {
    nodes { id status failureReason eventType createdAt attemptCount endpoint { id } }
    pageInfo { hasNextPage endCursor }
  }
}`,
  endpoints: `query Endpoints($after: String, $orderBy: EndpointOrder! = NEWEST_FIRST) {
  endpoints(first: 100, after: $after, orderBy: $orderBy) { nodes { ${endpointFields} } pageInfo { hasNextPage endCursor } }
}`,
  endpoint: `query Endpoint($id: ID!) {
  endpoint(id: $id) {
    ${endpointFields} ${sendingFields}
    deliveries(first: 20) { nodes { id status eventType createdAt attemptCount } }
  }
}`,
  delivery: `query Delivery($id: ID!) {
  delivery(id: $id) {
    id status failureReason eventType createdAt nextAttemptAt blockedBy { id } event { id }
    endpoint { id url }
    attempts { number outcome responseStatus error durationMs startedAt }
  }
}`,
  eventTypes: 'query EventTypes { eventTypes { name category description } }',
} as const;
