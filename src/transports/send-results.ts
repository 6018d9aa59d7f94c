import type { ServerResponse } from 'node:http';
import { type ExecutionResult, GraphQLError } from 'graphql';
import type { Progress } from '../graph/context.ts';
import type { StreamFormat } from './stream-format.ts';

/** How long a client may leave what was sent to it unread, before it is cut off. */
export const slowConsumerMs = 30_000;

/** Shorter than proxies wait for the next byte; Apollo's clients expect one of these every five seconds. */
export const streamHeartbeatMs = 5_000;

/**
 * Sends the results of a subscription at the pace of the client: the next one is asked for only when the socket has
 * taken the last. A client that stops reading therefore stops its source, with one result in memory, and is cut off
 * after `slowConsumerMs`; it knows where to resume, because every message carries its position.
 *
 * A client that leaves ends the source at once, whatever is waited for at that moment: the next result or the socket.
 */
export async function sendResults(
  response: ServerResponse,
  results: AsyncIterableIterator<ExecutionResult>,
  options: {
    format: StreamFormat;
    /** Aborted when the client has gone. */
    gone: AbortSignal;
    progress: Progress;
    mask: (result: ExecutionResult) => ExecutionResult;
    heartbeatMs: number;
    slowConsumerMs: number;
    onSlow: () => void;
  },
): Promise<void> {
  const { format, gone, progress } = options;
  const end = () => void results.return?.().catch(() => undefined);
  const leave = () => {
    end();
    // Whatever waits to be written is not waited for.
    response.destroy();
  };
  gone.addEventListener('abort', leave, { once: true });
  /** Where a write waits, the client has bytes to read: it needs no sign of life. */
  let isWriting = true;
  const heartbeat = setInterval(() => {
    if (!isWriting && !response.writableEnded) response.write(format.heartbeat(progress.position));
  }, options.heartbeatMs);
  const write = async (text: string) => {
    isWriting = true;
    const isTaken = response.write(text) || (await drained(response, options.slowConsumerMs));
    isWriting = false;
    return isTaken;
  };
  try {
    if (gone.aborted) return;
    await write(format.opening);
    for (;;) {
      const next = await results.next().catch(failure);
      if (gone.aborted || response.writableEnded) return;
      if (next.done === true) break;
      const result = options.mask(next.value);
      const hasData = result.data != null;
      // What could not be shown has not been: a client that resumes asks for it again.
      const position = hasData ? progress.taken : undefined;
      const isResult = result.data !== undefined;
      if (!(await write(isResult ? format.result(result, position) : format.failure(result)))) {
        options.onSlow();
        response.destroy();
        return;
      }
      if (hasData && progress.taken !== undefined) progress.position = progress.taken;
      // It could not go on for a reason that passes: to the client the connection was lost, and it comes again.
      if (!hasData && isUnavailable(result)) return void response.end();
    }
    response.end(format.complete);
  } finally {
    clearInterval(heartbeat);
    gone.removeEventListener('abort', leave);
    end();
  }
}

/** What a source throws is its last result. */
const failure = (error: unknown): IteratorResult<ExecutionResult, undefined> => ({
  done: false,
  value: {
    errors: [
      new GraphQLError('The subscription failed.', {
        originalError: error instanceof Error ? error : new Error(String(error)),
      }),
    ],
  },
});

const isUnavailable = ({ errors }: ExecutionResult) =>
  errors?.some(({ extensions }) => extensions.code === 'UNAVAILABLE') === true;

function drained(response: ServerResponse, withinMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const finish = (isDrained: boolean) => {
      clearTimeout(timer);
      response.off('drain', onDrain);
      response.off('close', onDrain);
      resolve(isDrained);
    };
    const onDrain = () => finish(true);
    const timer = setTimeout(() => finish(false), withinMs);
    response.once('drain', onDrain);
    response.once('close', onDrain);
  });
}
