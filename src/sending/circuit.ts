import { dayMs } from '../clock.ts';

/**
 * A circuit breaker for each endpoint. After a number of failures in a row nothing is sent for a while, and then one
 * probe. While the circuit is open, no attempts of deliveries are used up. Its state is kept in memory by the
 * endpoint's worker. Transitions are written to `endpoint_health`, so that a new worker and the API know them.
 */
const openAfterFailures = 20;
const firstPauseMs = 5_000;
const longestPauseMs = 300_000;
const givenUpAfterMs = 5 * dayMs;
const givenUpAfterFailures = 4;
/** Half a day. */
const spreadMs = dayMs / 2;

type CircuitState = 'CLOSED' | 'OPEN' | 'HALF_OPEN';

export type Health = {
  circuit: CircuitState;
  consecutiveFailures: number;
  openedAt: Date | undefined;
  nextProbeAt: Date | undefined;
  /** The time since which every attempt has failed. */
  failingSince: Date | undefined;
  /** The failures in a row that count towards giving up. Each must be half a day or more after the one before. */
  spreadFailures: number;
  /** The time of the last of them. */
  spreadFailureAt: Date | undefined;
};

export const healthy = (): Health => ({
  circuit: 'CLOSED',
  consecutiveFailures: 0,
  openedAt: undefined,
  nextProbeAt: undefined,
  failingSince: undefined,
  spreadFailures: 0,
  spreadFailureAt: undefined,
});

/** The health after an attempt. `isTransition` tells that it must be written. */
export function afterAttempt(
  health: Health,
  attempt: { succeeded: boolean; now: number },
): { health: Health; isTransition: boolean } {
  if (attempt.succeeded) {
    const wasIll = health.failingSince !== undefined || health.circuit !== 'CLOSED';
    return { health: healthy(), isTransition: wasIll };
  }
  // A late answer to a request that was sent before the circuit opened neither opens it again nor extends the pause.
  if (health.circuit === 'OPEN') return { health, isTransition: false };
  const now = new Date(attempt.now);
  const failures = health.consecutiveFailures + 1;
  const isSpread =
    now.getTime() - (health.spreadFailureAt?.getTime() ?? Number.NEGATIVE_INFINITY) >= spreadMs;
  const failing = {
    ...health,
    consecutiveFailures: failures,
    failingSince: health.failingSince ?? now,
    ...(isSpread ? { spreadFailures: health.spreadFailures + 1, spreadFailureAt: now } : {}),
  };
  if (failures < openAfterFailures) {
    return { health: failing, isTransition: health.failingSince === undefined || isSpread };
  }
  return {
    health: {
      ...failing,
      circuit: 'OPEN',
      openedAt: health.openedAt ?? now,
      nextProbeAt: new Date(attempt.now + pauseMs(failures)),
    },
    isTransition: true,
  };
}

/**
 * Whether an endpoint has only failed for so long, and so often, that it is given up. Failures that are close
 * together count once: one bad hour, or two failures with a silent week between them, do not show that it failed for
 * five days.
 */
export function isGivenUp({ failingSince, spreadFailures }: Health, now: number): boolean {
  return (
    failingSince !== undefined &&
    now - failingSince.getTime() > givenUpAfterMs &&
    spreadFailures >= givenUpAfterFailures
  );
}

/** The number of failed probes in a row: 0 when the circuit opens, and one more with each. */
export function failedProbes({ consecutiveFailures }: Pick<Health, 'consecutiveFailures'>): number {
  return Math.max(0, consecutiveFailures - openAfterFailures);
}

/** Whether something may be sent now, and whether it is the one probe of an open circuit. */
export function gate(health: Health, now: number): 'open' | 'probe' | 'closed' {
  if (health.circuit === 'CLOSED') return 'open';
  return health.nextProbeAt === undefined || health.nextProbeAt.getTime() <= now ? 'probe' : 'closed';
}

/** 5 s, doubled with each failed probe, at most 5 min. */
function pauseMs(failures: number): number {
  return Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(10, failures - openAfterFailures));
}
