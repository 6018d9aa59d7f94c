import { CloseCode, createClient } from 'graphql-ws';
import { formatDocument, stringifyDocument } from 'urql';
import { currentToken, signOut } from '../app/session.ts';
import { noteDocument } from '../app/used-documents.ts';
import {
  type DeliveryFilter,
  FollowDeliveriesDocument,
  type FollowDeliveriesSubscription,
  LogHeadDocument,
  type LogHeadQuery,
} from './generated/graphql.ts';

type Batch = FollowDeliveriesSubscription['deliveryLog'];
export type LogState = 'live' | 'catching up' | 'reconnecting';

const text = stringifyDocument(Object(formatDocument(FollowDeliveriesDocument)));
const headText = stringifyDocument(Object(formatDocument(LogHeadDocument)));
const leastWaitMs = 250;
const longestWaitMs = 15_000;
const pingEveryMs = 10_000;
const pongWithinMs = 5_000;

/**
 * Follows the log from a position for as long as the signal lets it: connects again for ever, each time after the last
 * position that it has. `onLost` is told where the log can no longer be resumed: everything is to be read anew.
 */
export async function followLog(
  options: Readonly<{
    after: number;
    filter: DeliveryFilter;
    signal: AbortSignal;
    onBatch: (batch: Batch) => void;
    onState: (state: LogState) => void;
    onLost: () => void;
  }>,
): Promise<void> {
  const { filter, signal, onState, onLost } = options;
  let position = options.after;
  let failures = 0;
  while (!signal.aborted) {
    const end = await connect({
      after: position,
      filter,
      signal,
      onState,
      onBatch(batch) {
        failures = 0;
        if (batch.after !== position) throw new Error(`The log has a hole: ${position} to ${batch.after}.`);
        position = batch.position;
        options.onBatch(batch);
      },
    });
    if (signal.aborted) return;
    if (end === 'lost') return onLost();
    if (end === 'refused') return signOut('Your token has ended. Sign in again to go on where you were.');
    onState('reconnecting');
    failures += 1;
    const most = Math.min(longestWaitMs, leastWaitMs * 2 ** failures);
    await new Promise((resolve) => setTimeout(resolve, leastWaitMs + Math.random() * (most - leastWaitMs)));
  }
}

async function connect(
  options: Readonly<{
    after: number;
    filter: DeliveryFilter;
    signal: AbortSignal;
    onBatch: (batch: Batch) => void;
    onState: (state: LogState) => void;
  }>,
): Promise<'broken' | 'lost' | 'refused'> {
  const { after, filter, signal, onBatch, onState } = options;
  let end: 'broken' | 'lost' | 'refused' = 'broken';
  let pongTimer: number | undefined;
  let position = after;
  const client = createClient({
    url: `${location.origin.replace(/^http/, 'ws')}/graphql`,
    connectionParams: () => ({ authorization: `Bearer ${currentToken() ?? ''}` }),
    retryAttempts: 0,
    lazyCloseTimeout: 0,
    keepAlive: pingEveryMs,
    on: {
      connected: () => onState('catching up'),
      ping: (received) => {
        if (!received) pongTimer = window.setTimeout(() => client.terminate(), pongWithinMs);
      },
      pong: (received) => {
        if (received) clearTimeout(pongTimer);
      },
      closed: (event) => {
        const { code } = Object(event);
        if (code === CloseCode.Unauthorized || code === CloseCode.Forbidden) end = 'refused';
      },
    },
  });
  const variables = { after, filter };
  noteDocument(text, variables);
  await new Promise<void>((resolve) => {
    const stop = client.subscribe<FollowDeliveriesSubscription>(
      { query: text, variables },
      {
        next({ data, errors }) {
          const code = errors?.[0]?.extensions?.code;
          if (code === 'LOG_POSITION_EXPIRED' || code === 'LOG_POSITION_AHEAD') end = 'lost';
          if (data == null) return;
          const batch = data.deliveryLog;
          position = batch.position;
          onBatch(batch);
          onState(batch.position >= batch.head ? 'live' : 'catching up');
        },
        error(error) {
          const [first] = Array.isArray(error) ? error : [];
          const code = first?.extensions?.code;
          if (code === 'LOG_POSITION_EXPIRED' || code === 'LOG_POSITION_AHEAD') end = 'lost';
          resolve();
        },
        complete: resolve,
      },
    );
    // A log that is quiet sends nothing for a while: whether we are at its head is asked once.
    client.subscribe<LogHeadQuery>(
      { query: headText },
      {
        next({ data }) {
          if (data != null && data.logHead <= position) onState('live');
        },
        error: () => undefined,
        complete: () => undefined,
      },
    );
    signal.addEventListener(
      'abort',
      () => {
        stop();
        resolve();
      },
      { once: true },
    );
  });
  clearTimeout(pongTimer);
  await client.dispose();
  return end;
}
