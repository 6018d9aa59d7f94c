import type { Fault } from './fault.ts';
import {
  crossedLocks,
  diskFull,
  notifyQueueFull,
  restartDatabase,
  stopDatabase,
  terminateBackends,
  tooManyConnections,
} from './on-database.ts';
import { deleteInFlight, purgeInFlight, replayInFlight, rotateInFlight } from './on-endpoints.ts';
import { overload } from './on-load.ts';
import {
  blackHoledListen,
  blackHoledPools,
  lostClaim,
  lostKeys,
  lostPublish,
  lostSettle,
  resetSockets,
  slowDatabase,
} from './on-network.ts';
import {
  clockAhead,
  killAfterGrace,
  killApi,
  killWorkers,
  rollingRestart,
  sleepPastLease,
  takenLeases,
} from './on-processes.ts';
import {
  alwaysFails,
  deadEndpoint,
  gone,
  poison,
  processesThenResets,
  receiverDown,
  retryAfter,
} from './on-receivers.ts';

/** All faults, in the order in which they are played. */
export const faults: readonly Fault[] = [
  killWorkers(10),
  killApi,
  rollingRestart(6),
  sleepPastLease,
  killAfterGrace,
  takenLeases,
  clockAhead,
  restartDatabase,
  stopDatabase,
  terminateBackends(10),
  tooManyConnections,
  diskFull,
  notifyQueueFull,
  crossedLocks,
  blackHoledPools,
  blackHoledListen,
  slowDatabase,
  resetSockets,
  lostPublish,
  lostKeys,
  lostClaim,
  lostSettle,
  overload,
  receiverDown,
  processesThenResets,
  retryAfter,
  gone,
  alwaysFails,
  poison,
  deadEndpoint,
  deleteInFlight,
  purgeInFlight,
  rotateInFlight,
  replayInFlight,
];

/** The faults that `npm test` plays. */
export const shortFaults: readonly Fault[] = [
  killWorkers(1),
  rollingRestart(2),
  terminateBackends(2),
  lostPublish,
];
