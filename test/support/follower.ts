import { createClient as createSseClient } from 'graphql-sse';
import { type ClientOptions, createClient as createWsClient } from 'graphql-ws';
import WebSocket from 'ws';
import { ask, type Caller } from './client.ts';

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
 * Follows a log without a filter and checks everything: every message must begin where the one before it ended and
 * bring the next position. Otherwise the follower fails, and with it everybody who waits for it.
 */
export type Follower = Readonly<{
  changes: readonly SeenChange[];
  /** Resolves once the changes so far satisfy the condition. Rejects if the subscription ends or breaks first. */
  until(isEnough: (changes: readonly SeenChange[]) => boolean): Promise<void>;
  /** Disconnects without telling the server why. */
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

/** How to connect to a server, with a credential or without. Nothing is retried. */
export function webSocketOptions(
  to: Readonly<{ origin: string; token?: string | undefined }>,
): ClientOptions {
  return {
    url: `${to.origin.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: to.token === undefined ? {} : { authorization: `Bearer ${to.token}` },
    retryAttempts: 0,
  };
}

type Streamed = Readonly<{
  data?: { deliveryStatusChanged: SeenChange } | null | undefined;
  errors?: unknown;
}>;

async function follow(
  stream: AsyncIterable<Streamed>,
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

/** Reads the log from `after` to its head in batches, like a pipeline. Throws if it has a gap. */
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

/** The status of each delivery according to a log. */
export function statusesOf(changes: readonly SeenChange[]): Map<string, string> {
  return new Map(changes.map(({ deliveryId, status }) => [deliveryId, status]));
}

export const isTerminal = (status: string) => ['SUCCEEDED', 'FAILED', 'DEAD_LETTER'].includes(status);
