import { connectWith } from './connect.ts';
import { UsageError } from './errors.ts';
import type { PositionStore } from './follow.ts';

/** The package in a browser: with the WebSocket and fetch that it has. */
export const connect = connectWith(undefined);

export * from './public.ts';

/** Only Node has files; in a browser keep the position with a store of your own. */
export function fileStore(_path: string): PositionStore {
  throw new UsageError('fileStore works on Node alone: give a store of your own.');
}
