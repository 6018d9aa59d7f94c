import { connectWith } from './connect.ts';
import { UsageError } from './errors.ts';
import type { PositionStore } from './follow.ts';

/** The package in a browser: with the WebSocket and fetch that it has. */
export const connect = connectWith(undefined);

export type { Change, DeliveryStatus, LogFilter } from './change.ts';
export type { Heliograph } from './connect.ts';
export { logDocument, type TypedDocument } from './document.ts';
export {
  ForbiddenError,
  GapError,
  type GraphQLFailure,
  HeliographError,
  PositionAheadError,
  PositionExpiredError,
  RequestError,
  UnauthenticatedError,
  UnavailableError,
  UsageError,
} from './errors.ts';

export type { FollowOptions, PositionStore } from './follow.ts';
export type { Log, LogOptions, LogState } from './log.ts';
export type { NewEvent, PublishedEvent } from './publish.ts';
export type { ConnectOptions, Token } from './settings.ts';

/** Only Node has files; in a browser keep the position with a store of your own. */
export function fileStore(_path: string): PositionStore {
  throw new UsageError('fileStore works on Node alone: give a store of your own.');
}
