import { connectWith } from './connect.ts';
import { UsageError } from './errors.ts';
import type { PositionStore } from './follow.ts';

/** The package for browsers, with their WebSocket and fetch. */
export const connect = connectWith(undefined);

export * from './public.ts';

/** Only Node has files. In a browser, store the position with your own store. */
export function fileStore(_path: string): PositionStore {
  throw new UsageError('fileStore works on Node alone: give a store of your own.');
}
