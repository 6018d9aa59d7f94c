import { dayMs } from '../clock.ts';

/**
 * A circuit per endpoint: after a run of failures nothing is sent for a while, then one probe. While it is open no
 * delivery's attempts are used up. Kept in memory by the endpoint's one worker; transitions are written to
 * `endpoint_health`, so that a takeover and the API know them.
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
  /** Since when every attempt failed. */
  failingSince: Date | undefined;
  /** Failures of this run that count towards giving up: each half a day or more after the one before. */
  spreadFailures: number;
  /** When the last of them was. */
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

/** The health after an attempt. `isTransition` where it must be written down. */
export function afterAttempt(
  health: Health,
  attempt: { succeeded: boolean; now: number },
): { health: Health; isTransition: boolean } {
  if (attempt.succeeded) {
    const wasIll = health.failingSince !== undefined || health.circuit !== 'CLOSED';
    return { health: healthy(), isTransition: wasIll };
  }
  // A late answer to what was sent before the circuit opened neither opens it again nor prolongs the pause.
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
 * Whether an endpoint has only failed for so long, and so often, that it is given up. Failures that are close together
 * count once: one bad hour, or two failures with a silent week between them, say nothing about five days.
 */
export function isGivenUp({ failingSince, spreadFailures }: Health, now: number): boolean {
  return (
    failingSince !== undefined &&
    now - failingSince.getTime() > givenUpAfterMs &&
    spreadFailures >= givenUpAfterFailures
  );
}

/** How many probes in a row have failed: none when the circuit opens, one more with each. */
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
