import type { ServerResponse } from 'node:http';

/** How long a client may leave what was sent to it unread, before it is cut off. */
export const slowConsumerMs = 30_000;

/**
 * Sends a stream's bytes at the pace of the client: the next piece is made only when the socket has taken the last.
 * A client that stops reading therefore stops the stream, with a few pieces in memory, and is cut off after
 * `slowConsumerMs`. It knows where to resume: every message carries its position.
 */
export async function sendStream(
  response: ServerResponse,
  body: ReadableStream<Uint8Array>,
  options: { slowConsumerMs: number; onSlow: () => void },
): Promise<void> {
  const reader = body.getReader();
  const gone = () => void reader.cancel().catch(() => undefined);
  response.once('close', gone);
  try {
    for (;;) {
      const piece = await reader.read();
      if (piece.done || response.destroyed || response.writableEnded) break;
      if (!response.write(piece.value) && !(await drained(response, options.slowConsumerMs))) {
        options.onSlow();
        response.destroy();
        break;
      }
    }
    response.end();
  } catch {
    // The source failed: the client sees a stream that stopped half-way and asks again.
    response.destroy();
  } finally {
    response.off('close', gone);
    gone();
  }
}

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
