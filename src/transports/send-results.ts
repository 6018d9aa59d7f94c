import type { ServerResponse } from 'node:http';
import { type ExecutionResult, GraphQLError } from 'graphql';
import type { Progress } from '../graph/context.ts';
import type { StreamFormat } from './stream-format.ts';

/** How long a client may leave sent data unread before it is disconnected. */
export const slowConsumerMs = 30_000;

/** This is shorter than the timeout of proxies. Apollo's clients expect a heartbeat every five seconds. */
export const streamHeartbeatMs = 5_000;

/**
 * Sends the results of a subscription at the pace of the client: the next result is requested only when the socket
 * has taken the last. So a client that stops reading also stops its source, with one result in memory, and is
 * disconnected after `slowConsumerMs`. It knows where to resume, because every message has its position.
 *
 * When a client leaves, the source ends at once, whether it waits for the next result or for the socket.
 */
export async function sendResults(
  response: ServerResponse,
  results: AsyncIterableIterator<ExecutionResult>,
  options: {
    format: StreamFormat;
    /** Aborted when the client has left. */
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
    // Pending writes are not waited for.
    response.destroy();
  };
  gone.addEventListener('abort', leave, { once: true });
  /** If a write is waiting, the client has unread bytes and needs no heartbeat. */
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
      // A result that could not be sent does not count, so a client that resumes gets it again.
      const position = hasData ? progress.taken : undefined;
      const isResult = result.data !== undefined;
      if (!(await write(isResult ? format.result(result, position) : format.failure(result)))) {
        options.onSlow();
        response.destroy();
        return;
      }
      if (hasData && progress.taken !== undefined) progress.position = progress.taken;
      // The reason is temporary. For the client the connection was lost, so it connects again.
      if (!hasData && isUnavailable(result)) return void response.end();
    }
    response.end(format.complete);
  } finally {
    clearInterval(heartbeat);
    gone.removeEventListener('abort', leave);
    end();
  }
}

/** An error of the source becomes its last result. */
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
