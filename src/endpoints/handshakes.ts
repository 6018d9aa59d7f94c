import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import type { By } from '../access/actor.ts';
import { systemActor } from '../access/actor.ts';
import { databaseNow } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Database } from '../db/pool.ts';
import type { Sender } from '../egress/send.ts';
import { LimitExceededError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { openHeaders } from '../sending/endpoint-headers.ts';
import type { SigningSecrets } from '../sending/signing-secrets.ts';
import { endQueued } from '../status/end-queued.ts';
import { releaseWaiting } from '../status/release-waiting.ts';
import type { Tables } from '../tables.ts';
import type { Endpoint } from './endpoint.ts';
import { type HandshakeOutcome, shakeHands } from './handshake.ts';
import {
  handBackHandshake,
  recordHandshake,
  type StartedHandshake,
  startedHandshake,
  startHandshake,
} from './record-handshake.ts';

/** The limits for background handshakes, in this process and for one owner. */
const maxInBackground = 64;
const maxInBackgroundPerOwner = 8;
/** The limit for handshakes that callers wait for, for one owner. Each may last for half a minute. */
export const maxAskedPerOwner = 32;
/** Handshakes beyond this limit are left to the rescue. */
const maxWaiting = 10_000;

const rescueEveryMs = 5_000;
/** How much longer than its deadline a handshake may run before it counts as interrupted. */
const rescueGraceMs = 10_000;
const rescueBatch = 100;

const byTheService: By = { actor: systemActor, requestId: undefined };

export type HandshakesOptions = Readonly<{
  database: Database;
  logger: Logger;
  sender: Sender;
  secrets: SigningSecrets;
  config: Pick<Config, 'verifyTimeoutMs' | 'requireVerification' | 'retrySchedule'>;
  /** The `User-Agent` of everything that is sent. */
  userAgent: string;
  /**
   * True if no other process uses the database, so that handshakes started before this process have nobody to finish
   * them.
   */
  isAlone?: boolean;
}>;

/**
 * The result of a handshake. `recorded` is undefined if it no longer counted, because another one was started or the
 * URL changed.
 */
export type HandshakeResult = Readonly<{ outcome: HandshakeOutcome; recorded: Endpoint | undefined }>;

/**
 * Runs the handshakes of this process.
 *
 * The endpoint's row says which handshake is running (PENDING, and when it was started). Another handshake, a new URL
 * or a deletion makes the result of the earlier one void, however late it comes. So a crash at any moment cannot
 * leave an endpoint waiting for ever:
 *
 * - Before the result is written: the row stays PENDING, and once it is older than the deadline and some grace
 * period, the rescue of any process starts the handshake again; one compare-and-set wins. A process that is alone
 * starts handshakes older than itself again at once.
 * - After the result, before the waiting deliveries are released or ended: they become due by themselves when the
 * handshake's time is over, and the claim reads the endpoint's state.
 *
 * `start` and `stop` may be called twice. `stop` ends running handshakes without a result, for the next process.
 */
export class Handshakes {
  readonly #options: HandshakesOptions;
  readonly #openedAt = new Date(databaseNow());
  readonly #stop = new AbortController();
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #inBackgroundByOwner = new Map<string, number>();
  readonly #askedByOwner = new Map<string, number>();
  #inBackground = 0;
  #waiting: StartedHandshake[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isRescuing = false;

  constructor(options: HandshakesOptions) {
    this.#options = options;
  }

  /** Starts to search for interrupted handshakes, now and every few seconds. */
  start(): void {
    if (this.#timer !== undefined || this.#stop.signal.aborted) return;
    this.#timer = setInterval(() => this.#rescueInBackground(), rescueEveryMs);
    this.#rescueInBackground();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    clearInterval(this.#timer);
    for (const started of this.#waiting.splice(0)) this.#track(this.#handBack(started));
    await this.idle();
  }

  /** Resolves when no handshake is waiting or running. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  /** Runs the handshake of an endpoint that a committed transaction left PENDING. Returns at once. */
  begin(endpoint: Endpoint): void {
    const started = startedHandshake(endpoint);
    if (started === undefined || this.#stop.signal.aborted) return;
    if (this.#hasRoomFor(started)) this.#launch(started, async () => started);
    else if (this.#waiting.length < maxWaiting) this.#waiting.push(started);
  }

  /**
   * Starts a handshake and runs it to its end, including the consequences of its result. Throws LimitExceededError, and
   * starts nothing, if too many of the owner run already.
   */
  async run<Started extends StartedHandshake>(
    ownerId: string,
    start: () => Promise<Started>,
    by: By,
  ): Promise<HandshakeResult & { started: Started }> {
    if (countOf(this.#askedByOwner, ownerId) >= maxAskedPerOwner) {
      const message = `At most ${maxAskedPerOwner} handshakes can run at once for one tenant. Wait until one has ended.`;
      throw new LimitExceededError(maxAskedPerOwner, message);
    }
    add(this.#askedByOwner, ownerId, 1);
    try {
      const started = await start();
      return { started, ...(await this.#track(this.#run(started, by))) };
    } finally {
      add(this.#askedByOwner, ownerId, -1);
    }
  }

  /** Starts interrupted handshakes again. Returns the number. */
  async rescue(): Promise<number> {
    // A busy process leaves them to others.
    if (this.#waiting.length > 0) return 0;
    const { database, config, isAlone } = this.#options;
    const interrupted = await findInterrupted(database.query, {
      olderThanMs: config.verifyTimeoutMs + rescueGraceMs,
      startedBefore: isAlone === true ? this.#openedAt : undefined,
    });
    let rescued = 0;
    for (const endpoint of interrupted) {
      if (this.#stop.signal.aborted) break;
      const started = await startHandshake(database.query, endpoint);
      if (started === undefined) continue;
      this.begin(started.endpoint);
      rescued += 1;
    }
    return rescued;
  }

  #rescueInBackground(): void {
    if (this.#isRescuing) return;
    this.#isRescuing = true;
    const rescue = this.rescue()
      .catch((error: unknown) =>
        this.#options.logger.warn({ error }, 'could not rescue interrupted handshakes'),
      )
      .finally(() => {
        this.#isRescuing = false;
      });
    this.#track(rescue);
  }

  #launch(started: StartedHandshake, freshen: () => Promise<StartedHandshake | undefined>): void {
    const { owner_id: ownerId, id: endpointId } = started.endpoint;
    this.#inBackground += 1;
    add(this.#inBackgroundByOwner, ownerId, 1);
    const handshake = freshen()
      .then((fresh) => (fresh === undefined ? undefined : this.#run(fresh, byTheService)))
      .catch((error: unknown) =>
        this.#options.logger.warn(
          { error, ownerId, endpointId },
          'a handshake was interrupted and will be rescued',
        ),
      )
      .finally(() => {
        this.#inBackground -= 1;
        add(this.#inBackgroundByOwner, ownerId, -1);
        this.#launchWaiting();
      });
    this.#track(handshake);
  }

  /**
   * The handshake that has waited longest, among owners that may run another one. A handshake that has waited is
   * started again, because the rescue may have taken it.
   */
  #launchWaiting(): void {
    while (this.#inBackground < maxInBackground && !this.#stop.signal.aborted) {
      const index = this.#waiting.findIndex((waiting) => this.#hasRoomFor(waiting));
      const [started] = index < 0 ? [] : this.#waiting.splice(index, 1);
      if (started === undefined) return;
      this.#launch(started, () => startHandshake(this.#options.database.query, started.endpoint));
    }
  }

  #hasRoomFor({ endpoint }: StartedHandshake): boolean {
    return (
      this.#inBackground < maxInBackground &&
      countOf(this.#inBackgroundByOwner, endpoint.owner_id) < maxInBackgroundPerOwner
    );
  }

  async #run(started: StartedHandshake, by: By): Promise<HandshakeResult> {
    const { database, sender, secrets, config, userAgent } = this.#options;
    const { owner_id: ownerId, id: endpointId, url } = started.endpoint;
    const keys = await secrets.keysInForce(database.query, ownerId, endpointId);
    // The endpoint was deleted meanwhile.
    if (keys.length === 0) return { outcome: withoutVerdict, recorded: undefined };
    const outcome = await shakeHands(sender, {
      url,
      secrets: keys,
      timeoutMs: config.verifyTimeoutMs,
      userAgent,
      headers: openHeaders(secrets, { ownerId, endpointId }, started.endpoint.sending?.headers),
      headerPrefix: started.endpoint.sending?.headerPrefix,
      signal: this.#stop.signal,
    });
    if (!outcome.verified && this.#stop.signal.aborted) {
      await this.#handBack(started);
      return { outcome: withoutVerdict, recorded: undefined };
    }
    const recorded = await database.query
      .transaction()
      .execute((trx) => recordHandshake(trx, started, { outcome, by }));
    if (recorded !== undefined) await this.#conclude(recorded);
    return { outcome, recorded };
  }

  /** Sends or ends the deliveries that waited for the handshake. */
  async #conclude({ owner_id: ownerId, id: endpointId, verification, sending }: Endpoint): Promise<void> {
    const { database, config } = this.#options;
    const [firstDelaySeconds] = sending?.retrySchedule ?? config.retrySchedule;
    if (verification === 'VERIFIED')
      await releaseWaiting(database, { ownerId, endpointId, firstDelaySeconds });
    else if (config.requireVerification) {
      await endQueued(database, { ownerId, endpointId, reason: 'ENDPOINT_UNVERIFIED' });
    }
  }

  async #handBack(started: StartedHandshake): Promise<void> {
    await handBackHandshake(this.#options.database.query, started);
  }

  #track<T>(promise: Promise<T>): Promise<T> {
    const tracked: Promise<unknown> = promise
      .catch(() => undefined)
      .then(() => this.#underWay.delete(tracked));
    this.#underWay.add(tracked);
    return promise;
  }
}

const countOf = (counts: ReadonlyMap<string, number>, ownerId: string) => counts.get(ownerId) ?? 0;

function add(counts: Map<string, number>, ownerId: string, by: number): void {
  const count = countOf(counts, ownerId) + by;
  if (count === 0) counts.delete(ownerId);
  else counts.set(ownerId, count);
}

const withoutVerdict: HandshakeOutcome = {
  verified: false,
  reason: 'The handshake was interrupted before an answer came.',
};

/** The handshakes of all owners. This is the only query of this room that is not about one owner. */
function findInterrupted(
  db: Kysely<Tables>,
  { olderThanMs, startedBefore }: { olderThanMs: number; startedBefore: Date | undefined },
): Promise<Endpoint[]> {
  return (
    db
      .selectFrom('endpoint')
      .selectAll()
      // Written as a literal, so that the index over pending handshakes is used.
      .where(sql<boolean>`verification = 'PENDING'`)
      .where('deleted_at', 'is', null)
      .where(
        'handshake_started_at',
        '<',
        sql<Date>`greatest(clock_timestamp() - ${olderThanMs}::float8 * interval '1 millisecond',
                           ${startedBefore ?? null}::timestamptz)`,
      )
      .orderBy('handshake_started_at')
      .limit(rescueBatch)
      .execute()
  );
}
