import { databaseNow } from '../clock.ts';
import type { Lanes } from '../lanes/lanes.ts';
import { afterAttempt, type Health, isGivenUp } from '../sending/circuit.ts';
import { writeHealth } from '../sending/write-health.ts';
import { giveUpEndpoint } from '../telling/give-up-endpoint.ts';
import { failsForMs, type Tellings } from '../telling/tellings.ts';
import type { ClaimedRow } from './claim.ts';
import { isRejected, type Outcome } from './decide.ts';
import type { WorkerOptions } from './worker-options.ts';

/** What an answer says about the endpoint: its window, its circuit, and whether it has failed for days. */
export class Learning {
  readonly #options: WorkerOptions;
  readonly #lanes: Lanes;
  readonly #tellings: Tellings;

  constructor({ worker, lanes, tellings }: { worker: WorkerOptions; lanes: Lanes; tellings: Tellings }) {
    this.#options = worker;
    this.#lanes = lanes;
    this.#tellings = tellings;
  }

  /** Undefined where there is nothing to wait for, as after nearly every success. */
  learn(row: ClaimedRow, outcome: Outcome): Promise<void> | undefined {
    const lane = this.#lanes.find(row.endpoint_id);
    if (lane === undefined) return undefined;
    // A status that its owner listed as an answer shows that the receiver works.
    const succeeded = outcome.outcome === 'SUCCEEDED' || isRejected(row, outcome);
    if (succeeded) lane.widen();
    else if (outcome.responseStatus === undefined) lane.narrow();
    const now = databaseNow();
    const { health, isTransition } = afterAttempt(lane.health, { succeeded, now });
    lane.health = health;
    if (succeeded && !isTransition) {
      this.#tellings.succeeded(placeOf(row), { wasIll: lane.recovers() });
      return undefined;
    }
    return this.#learnMore(row, { health, isTransition, succeeded, now });
  }

  async #learnMore(
    row: ClaimedRow,
    {
      health,
      isTransition,
      succeeded,
      now,
    }: Readonly<{
      health: Health;
      isTransition: boolean;
      succeeded: boolean;
      now: number;
    }>,
  ): Promise<void> {
    const place = placeOf(row);
    if (isTransition) {
      await writeHealth(this.#options.database, place, health).catch((error: Error) =>
        this.#options.logger.warn({ error: error.message }, 'could not write the health of endpoints'),
      );
    }
    const { failingSince } = health;
    if (succeeded) {
      this.#lanes.find(row.endpoint_id)?.recovers();
      this.#tellings.succeeded(place, { wasIll: true });
    } else if (isGivenUp(health, now)) await this.giveUp(row, 'FAILING');
    else if (failingSince !== undefined && now - failingSince.getTime() > failsForMs)
      this.#tellings.failing(place, 'ONLY_FAILURES', failingSince);
  }

  async giveUp(row: ClaimedRow, reason: 'GONE' | 'FAILING'): Promise<void> {
    const { database, config, logger, mailer } = this.#options;
    const url = row.url ?? '';
    await giveUpEndpoint(database, { ...placeOf(row), url, reason, rules: config, mailer, logger }).catch(
      (error: Error) => logger.warn({ error: error.message }, 'could not disable an endpoint'),
    );
  }
}

const placeOf = (row: ClaimedRow) => ({ ownerId: row.owner_id, endpointId: row.endpoint_id });
