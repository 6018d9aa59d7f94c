import { createClient as createSseClient } from 'graphql-sse';
import { type ClientOptions, createClient as createWsClient, type ExecutionResult } from 'graphql-ws';
import WebSocket from 'ws';

/** A caller of the API over HTTP. */
export type Caller = Readonly<{ origin: string; token: string }>;

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

/** POSTs one operation and answers with everything that came back. Without a token no credential is sent. */
export async function send<Data = Record<string, unknown>>(
  to: Readonly<{ origin: string; token?: string | undefined }>,
  query: string,
  variables: Readonly<Record<string, unknown>> = {},
): Promise<Answer<Data>> {
  const response = await fetch(`${to.origin}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(to.token === undefined ? {} : { authorization: `Bearer ${to.token}` }),
    },
    body: JSON.stringify({ query, variables }),
  });
  return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) };
}

/** Asks where an answer without errors is expected: its data. */
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
  input: Readonly<{ name: string; example: unknown; schema?: unknown }>,
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

/** Creates an endpoint and waits until its receiver has proven itself. */
export async function createEndpoint(
  caller: Caller,
  input: Readonly<{ url: string; events: readonly string[]; maxDeliveriesPerSecond?: number }>,
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

/** Publishes in one call; throws unless the server has acknowledged it. */
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

/** One status change, as a subscriber sees it. */
export type SeenChange = Readonly<{
  position: number;
  after: number;
  deliveryId: string;
  endpointId: string;
  status: string;
  previousStatus: string | null;
  failureReason: string | null;
  attemptNumber: number;
  responseStatus: number | null;
  occurredAt: string;
}>;

const changeFields =
  'position after deliveryId endpointId status previousStatus failureReason attemptNumber responseStatus occurredAt';
const changesDocument = `subscription ($after: SafeInt) {
  deliveryStatusChanged(after: $after) { ${changeFields} }
}`;

/**
 * Somebody who watches a log without a filter. It takes nothing on trust: every message must begin where the one
 * before it ended and bring the very next position, else the follower fails, and with it whoever waits for it.
 */
export type Follower = Readonly<{
  changes: readonly SeenChange[];
  /** Resolves once what has been seen satisfies; rejects when the subscription ends or breaks first. */
  until(isEnough: (changes: readonly SeenChange[]) => boolean): Promise<void>;
  /** Disconnects without a word to the server about why. */
  stop(): Promise<void>;
}>;

/** Follows over a WebSocket. */
export function followOverWebSocket(caller: Caller, after?: number): Promise<Follower> {
  const client = createWsClient(webSocketOptions(caller));
  const stream = client.iterate<{ deliveryStatusChanged: SeenChange }>({
    query: changesDocument,
    variables: { after },
  });
  return follow(stream, { after, disconnect: () => client.dispose() });
}

/** Follows over server-sent events. */
export function followOverSse(caller: Caller, after?: number): Promise<Follower> {
  const client = createSseClient({
    url: `${caller.origin}/graphql`,
    headers: { authorization: `Bearer ${caller.token}` },
    retryAttempts: 0,
  });
  const stream = client.iterate<{ deliveryStatusChanged: SeenChange }>({
    query: changesDocument,
    variables: { after },
  });
  return follow(stream, { after, disconnect: () => client.dispose() });
}

export function webSocketOptions(caller: Caller): ClientOptions {
  return {
    url: `${caller.origin.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${caller.token}` },
    retryAttempts: 0,
  };
}

type Streamed = { data?: { deliveryStatusChanged: SeenChange } | null; errors?: unknown };

async function follow(
  stream: AsyncIterable<Streamed | ExecutionResult<{ deliveryStatusChanged: SeenChange }, unknown>>,
  options: { after: number | undefined; disconnect: () => unknown },
): Promise<Follower> {
  const changes: SeenChange[] = [];
  const watchers = new Set<() => void>();
  let failure: Error | undefined;
  let position = options.after;
  const running = (async () => {
    try {
      for await (const { data, errors } of stream) {
        if (errors !== undefined || data == null) throw new Error(`Refused: ${JSON.stringify(errors)}`);
        const change = data.deliveryStatusChanged;
        if (position !== undefined && change.after !== position) {
          throw new Error(`After position ${position} came a change after ${change.after}.`);
        }
        if (change.position !== change.after + 1) {
          throw new Error(`A hole before position ${change.position}: covered to ${change.after}.`);
        }
        position = change.position;
        changes.push(change);
        for (const watcher of watchers) watcher();
      }
      failure = new Error('The subscription has ended.');
    } catch (error) {
      failure = error instanceof Error ? error : new Error(describeEnd(error));
    }
    for (const watcher of watchers) watcher();
  })();
  return {
    changes,
    until: (isEnough) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const enough = isEnough(changes);
          if (!enough && failure === undefined) return;
          watchers.delete(look);
          if (enough) resolve();
          else reject(failure);
        };
        watchers.add(look);
        look();
      }),
    async stop() {
      await options.disconnect();
      await running;
    },
  };
}

function describeEnd(reason: unknown): string {
  if (typeof reason === 'object' && reason !== null && 'code' in reason && 'reason' in reason) {
    return `The socket was closed with ${String(reason.code)} ${String(reason.reason)}`;
  }
  return JSON.stringify(reason);
}

/** The log from `after` to its head, in batches, as a pipeline reads it. Throws where it is not dense. */
export async function readLog(caller: Caller, after: number): Promise<SeenChange[]> {
  const { logHead } = await ask<{ logHead: number }>(caller, '{ logHead }');
  const changes: SeenChange[] = [];
  if (logHead === after) return changes;
  const client = createWsClient(webSocketOptions(caller));
  type Batch = { deliveryLog: { after: number; position: number; changes: SeenChange[] } };
  const batches = client.iterate<Batch>({
    query: `subscription ($after: SafeInt!) {
      deliveryLog(after: $after, maxBatch: 500) { after position changes { ${changeFields} } }
    }`,
    variables: { after },
  });
  let position = after;
  try {
    for await (const { data, errors } of batches) {
      if (data == null) throw new Error(`Refused: ${JSON.stringify(errors)}`);
      const batch = data.deliveryLog;
      if (batch.after !== position) throw new Error(`After ${position} came a batch after ${batch.after}.`);
      for (const change of batch.changes) {
        if (change.position !== position + 1) throw new Error(`A hole at position ${position + 1}.`);
        position = change.position;
        changes.push(change);
      }
      if (batch.position !== position)
        throw new Error(`A batch covers ${batch.position} without its changes.`);
      if (position >= logHead) return changes;
    }
  } finally {
    await client.dispose();
  }
  throw new Error('The log ended before its head.');
}

/** What a log says each delivery's status is now. */
export function statusesOf(changes: readonly SeenChange[]): Map<string, string> {
  return new Map(changes.map(({ deliveryId, status }) => [deliveryId, status]));
}

export const isTerminal = (status: string) => ['SUCCEEDED', 'FAILED', 'DEAD_LETTER'].includes(status);
