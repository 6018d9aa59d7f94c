/** A caller of the API over HTTP. */
export type Caller = Readonly<{ origin: string; token: string; headers?: Readonly<Record<string, string>> }>;

export type Answer<Data> = Readonly<{
  status: number;
  body: { data?: Data | null; errors?: readonly AnswerError[] };
  headers: Headers;
}>;

export type AnswerError = Readonly<{
  message: string;
  path?: readonly (string | number)[];
  extensions: Readonly<Record<string, unknown>>;
}>;

/** POSTs one operation and returns the whole answer. Without a token no credential is sent. */
export async function send<Data = Record<string, unknown>>(
  to: Readonly<{
    origin: string;
    token?: string | undefined;
    headers?: Readonly<Record<string, string>>;
  }>,
  query: string,
  variables: Readonly<Record<string, unknown>> = {},
): Promise<Answer<Data>> {
  const response = await fetch(`${to.origin}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...to.headers,
      ...(to.token === undefined ? {} : { authorization: `Bearer ${to.token}` }),
    },
    body: JSON.stringify({ query, variables }),
  });
  return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) };
}

/** Returns the data, if an answer without errors is expected. */
export async function ask<Data>(
  caller: Caller,
  query: string,
  variables: Readonly<Record<string, unknown>> = {},
): Promise<Data> {
  const { body } = await send<Data>(caller, query, variables);
  if (body.errors !== undefined || body.data == null) {
    throw new Error(`The server refused: ${JSON.stringify(body)}`);
  }
  return body.data;
}

/** Registers an event type. */
export async function registerEventType(
  caller: Caller,
  input: Readonly<{ name: string; example: unknown; schema?: unknown; description?: string }>,
): Promise<void> {
  const { registerEventType: result } = await ask<{ registerEventType: { __typename: string } }>(
    caller,
    `mutation ($input: RegisterEventTypeInput!) {
       registerEventType(input: $input) { __typename ... on Error { message } }
     }`,
    { input: { description: 'Something happened.', dataType: 'Thing', ...input } },
  );
  expectPayload(result, 'RegisterEventTypePayload');
}

export type NewEndpoint = Readonly<{ id: string; secret: string }>;

/** Creates an endpoint and waits until its receiver is verified. */
export async function createEndpoint(
  caller: Caller,
  input: Readonly<{ url: string; events: readonly string[] }> & Readonly<Record<string, unknown>>,
): Promise<NewEndpoint> {
  const { createEndpoint: created } = await ask<{
    createEndpoint: { __typename: string; endpoint: { id: string }; secret: string };
  }>(
    caller,
    `mutation ($input: CreateEndpointInput!) {
       createEndpoint(input: $input) {
         __typename
         ... on CreateEndpointPayload { endpoint { id } secret }
         ... on Error { message }
         ... on ValidationError { issues { path code message } }
       }
     }`,
    { input },
  );
  expectPayload(created, 'CreateEndpointPayload');
  const { id } = created.endpoint;
  const { verifyEndpoint: verified } = await ask<{
    verifyEndpoint: { __typename: string; verified: boolean };
  }>(
    caller,
    `mutation ($id: ID!) {
       verifyEndpoint(input: { id: $id }) {
         __typename ... on VerifyEndpointPayload { verified reason } ... on Error { message }
       }
     }`,
    { id },
  );
  expectPayload(verified, 'VerifyEndpointPayload');
  if (!verified.verified) throw new Error(`The receiver did not prove itself: ${JSON.stringify(verified)}`);
  return { id, secret: created.secret };
}

/** Changes an endpoint by the API. */
export async function updateEndpoint(
  caller: Caller,
  input: Readonly<{ id: string }> & Readonly<Record<string, unknown>>,
): Promise<void> {
  const { updateEndpoint: result } = await ask<{ updateEndpoint: { __typename: string } }>(
    caller,
    `mutation ($input: UpdateEndpointInput!) {
       updateEndpoint(input: $input) { __typename ... on Error { message } }
     }`,
    { input },
  );
  expectPayload(result, 'UpdateEndpointPayload');
}

export type EventToPublish = Readonly<{
  type: string;
  tenant?: string;
  payload?: unknown;
  payloadText?: string;
  idempotencyKey?: string;
}>;

export type Published = Readonly<{ event: { id: string }; isDuplicate: boolean; deliveryCount: number }>;

export const publishDocument = `mutation ($events: [PublishEventInput!]!) {
  publishEvents(input: { events: $events }) {
    __typename
    ... on PublishEventsPayload { events { event { id } isDuplicate deliveryCount } }
    ... on Error { code message }
    ... on ValidationError { issues { path code message } }
    ... on LimitExceededError { limit }
  }
}`;

/** Publishes in one call. Throws unless the server has acknowledged it. */
export async function publish(
  caller: Caller,
  events: readonly EventToPublish[],
): Promise<readonly Published[]> {
  const { publishEvents: result } = await ask<{
    publishEvents: { __typename: string; events: readonly Published[] };
  }>(caller, publishDocument, { events });
  expectPayload(result, 'PublishEventsPayload');
  return result.events;
}

function expectPayload(result: { __typename: string }, name: string): void {
  if (result.__typename !== name) throw new Error(`Not a ${name}: ${JSON.stringify(result)}`);
}

export type DeliveryView = Readonly<{
  id: string;
  status: string;
  event: { id: string };
  endpoint: { id: string };
}>;

/** Every delivery of the caller's tenant, page by page. */
export async function listDeliveries(caller: Caller): Promise<DeliveryView[]> {
  const deliveries: DeliveryView[] = [];
  for (let after: string | null = null; ; ) {
    const page: {
      deliveries: { nodes: DeliveryView[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } };
    } = await ask(
      caller,
      `query ($after: String) {
         deliveries(first: 100, after: $after) {
           nodes { id status event { id } endpoint { id } }
           pageInfo { hasNextPage endCursor }
         }
       }`,
      { after },
    );
    deliveries.push(...page.deliveries.nodes);
    if (!page.deliveries.pageInfo.hasNextPage) return deliveries;
    after = page.deliveries.pageInfo.endCursor;
  }
}

export type EventView = Readonly<{ id: string; idempotencyKey: string | null }>;

/** Every event of the caller's tenant, page by page. */
export async function listEvents(caller: Caller): Promise<EventView[]> {
  const events: EventView[] = [];
  for (let after: string | null = null; ; ) {
    const page: {
      events: { nodes: EventView[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } };
    } = await ask(
      caller,
      `query ($after: String) {
           events(first: 100, after: $after) {
             nodes { id idempotencyKey }
             pageInfo { hasNextPage endCursor }
           }
         }`,
      { after },
    );
    events.push(...page.events.nodes);
    if (!page.events.pageInfo.hasNextPage) return events;
    after = page.events.pageInfo.endCursor;
  }
}
