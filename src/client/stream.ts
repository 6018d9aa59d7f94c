import type { Operation, Result } from './post.ts';
import type { Settings } from './settings.ts';

/**
 * The messages of one subscription over one connection. Only a few messages are read ahead, so a consumer that does
 * not call `next` holds the server back.
 */
export type Stream = Readonly<{
  /** The next message; undefined when the stream has just ended. Throws an Interruption or a HeliographError. */
  next(): Promise<Result | undefined>;
  /** Ends it; a waiting `next` returns undefined. */
  close(): void;
}>;

export type OpenStream = (
  settings: Settings,
  operation: Operation,
  /** The server has accepted the connection. */
  onOpen: () => void,
) => Stream;
