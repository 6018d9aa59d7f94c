// The exports of the package on every platform.
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
