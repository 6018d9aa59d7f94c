import { sql } from 'kysely';
import { databaseNow } from '../clock.ts';
import type { Database } from '../db/pool.ts';
import { retrying } from '../db/retry.ts';
import { runComposed } from '../db/statement.ts';
import { isFailedAs } from '../deliveries/by-status.ts';
import { findEndpoint } from '../endpoints/endpoint.ts';
import { messageOf } from '../errors.ts';
import { encodeId } from '../ids.ts';
import type { Logger } from '../log.ts';
import type { Loop } from '../loop.ts';
import type { Mailer } from '../mail.ts';
import type { DeliveryRules } from '../sending/plan-delivery.ts';
import { hintDeliveries } from '../status/create-deliveries.ts';
import { type AlertMail, createMailLoop, sendStoredMail, storeMail } from './alert-mails.ts';
import { type Announcement, announce } from './announce.ts';

/** An endpoint is announced as failing if every attempt failed for this time, or if a delivery used up its attempts. */
export const failsForMs = 600_000;
/** The shortest time between two such announcements, for an endpoint that fails and recovers again and again. */
const failingEveryMs = 600_000;
const deadLettersEveryMs = 60_000;
const mostCounted = 10_000;
const retries = 3;

export type Place = Readonly<{ ownerId: string; endpointId: string }>;

/**
 * Tells owners about the health of their endpoints, by platform events and by mail. What was told is stored in
 * `endpoint_health` by the transaction that publishes the event. So each fact is told once, by the process that sees it
 * first. The mail is sent after the commit; if the process dies at that moment, another one sends it.
 *
 * Workers do not wait for it. If something cannot be told, it is told the next time that it happens.
 */
export class Tellings {
  readonly #options: TellingsOptions;
  /** They run one after the other, so that the last one told is the current state. */
  #told: Promise<void> = Promise.resolve();
  /**
   * The endpoints that were announced as failing, and until when this process does not look again whether they were, in
   * milliseconds of the database's clock. Another process may have announced a recovery since.
   */
  readonly #failing = new Map<string, number>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #mails: Loop | undefined;

  constructor(options: TellingsOptions) {
    this.#options = options;
    const { database, mailer, logger } = options;
    this.#mails = mailer === undefined ? undefined : createMailLoop(database, mailer, logger);
  }

  start(): void {
    this.#mails?.start();
  }

  failing(place: Place, reason: 'EXHAUSTED' | 'ONLY_FAILURES', failingSince: Date | undefined): void {
    const { endpointId } = place;
    if (databaseNow() < (this.#failing.get(endpointId) ?? 0)) return;
    this.#failing.set(endpointId, Number.POSITIVE_INFINITY);
    this.#run(
      () => this.#tellFailing(place, { reason, failingSince: failingSince?.toISOString() ?? null }),
      () => this.#failing.delete(endpointId),
    );
  }

  /** The endpoint has accepted a delivery. `wasIll` means that it had failed before, or had been announced as failing. */
  succeeded(place: Place, { wasIll }: { wasIll: boolean }): void {
    if (!this.#failing.delete(place.endpointId) && !wasIll) return;
    this.#run(() => this.#tellRecovered(place));
  }

  /** A delivery has used up its attempts. Several within a minute are announced together at its end. */
  deadLettered(place: Place, failingSince: Date | undefined): void {
    this.failing(place, 'EXHAUSTED', failingSince);
    if (!this.#timers.has(place.endpointId)) this.#run(() => this.#tellDeadLetters(place));
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    await Promise.all([this.#told, this.#mails?.stop()]);
  }

  #run(tell: () => Promise<void>, onFailure?: () => void): void {
    this.#told = this.#told.then(() =>
      retrying(tell, { attempts: retries }).catch((error: unknown) => {
        onFailure?.();
        this.#options.logger.warn({ error: messageOf(error) }, 'could not tell an owner about an endpoint');
      }),
    );
  }

  async #tellFailing(place: Place, data: Announcement['data']): Promise<void> {
    let lookAt = databaseNow() + failingEveryMs;
    await this.#tell(place, 'endpoint.failing', async (trx) => {
      const query = sql<{ told: number }>`
        insert into endpoint_health as h (owner_id, endpoint_id, told_failing, told_failing_at)
        values (${place.ownerId}, ${place.endpointId}, true, now())
        on conflict (owner_id, endpoint_id) do update set told_failing = true, told_failing_at = now()
         where not h.told_failing
           and coalesce(h.told_failing_at < now() - ${failingEveryMs}::integer * interval '1 millisecond', true)
        returning 1 as told`.compile(trx);
      const { ownerId } = place;
      const rows = await runComposed(trx, { name: 'tell_failing', query, ownerId, returns: 'told integer' });
      if (rows.length > 0) return data;
      // Told too recently to be told again: the next failure after that is.
      const { told_failing, told_failing_at } = await trx
        .selectFrom('endpoint_health')
        .select(['told_failing', 'told_failing_at'])
        .where('owner_id', '=', place.ownerId)
        .where('endpoint_id', '=', place.endpointId)
        .executeTakeFirstOrThrow();
      if (!told_failing && told_failing_at !== null) lookAt = told_failing_at.getTime() + failingEveryMs;
      return undefined;
    });
    // Unless it has worked since.
    if (this.#failing.has(place.endpointId)) this.#failing.set(place.endpointId, lookAt);
  }

  async #tellRecovered(place: Place): Promise<void> {
    await this.#tell(place, 'endpoint.recovered', async (trx, now) => {
      const { numUpdatedRows } = await trx
        .updateTable('endpoint_health')
        .set({ told_failing: false })
        .where('owner_id', '=', place.ownerId)
        .where('endpoint_id', '=', place.endpointId)
        .where('told_failing', '=', true)
        .executeTakeFirst();
      return numUpdatedRows === 0n ? undefined : { recoveredAt: now.toISOString() };
    });
  }

  async #tellDeadLetters(place: Place): Promise<void> {
    const { ownerId, endpointId } = place;
    await this.#tell(place, 'delivery.dead_lettered', async (trx, now) => {
      await sql`insert into endpoint_health (owner_id, endpoint_id) values (${ownerId}, ${endpointId})
                on conflict (owner_id, endpoint_id) do nothing`.execute(trx);
      const { dead_letters_told_at: last } = await trx
        .selectFrom('endpoint_health')
        .select('dead_letters_told_at')
        .where('owner_id', '=', ownerId)
        .where('endpoint_id', '=', endpointId)
        .forUpdate()
        .executeTakeFirstOrThrow();
      const waitMs = (last?.getTime() ?? 0) + deadLettersEveryMs - now.getTime();
      if (waitMs > 0) {
        this.#later(place, waitMs);
        return undefined;
      }
      await trx
        .updateTable('endpoint_health')
        .set({ dead_letters_told_at: now })
        .where('owner_id', '=', ownerId)
        .where('endpoint_id', '=', endpointId)
        .execute();
      const { rows } = await sql<{ id: string }>`
        select d.id from delivery d
         where d.owner_id = ${ownerId} and d.endpoint_id = ${endpointId} and ${isFailedAs(['DEAD_LETTER'], { isOfEndpoint: true })}
           and d.completed_at > coalesce(${last}::timestamptz, ${now}::timestamptz - interval '1 minute')
         order by d.id desc limit ${mostCounted}`.execute(trx);
      const [newest] = rows;
      return newest && { count: rows.length, deliveryId: encodeId('Delivery', newest.id) };
    });
  }

  #later(place: Place, waitMs: number): void {
    if (this.#timers.has(place.endpointId)) return;
    const timer = setTimeout(() => {
      this.#timers.delete(place.endpointId);
      this.#run(() => this.#tellDeadLetters(place));
    }, waitMs);
    this.#timers.set(place.endpointId, timer);
  }

  /** `change` makes the change in the database. It returns undefined if there is nothing to tell. */
  async #tell(
    { ownerId, endpointId }: Place,
    type: Announcement['type'],
    change: (trx: Trx, now: Date) => Promise<Announcement['data'] | undefined>,
  ): Promise<void> {
    const { database, rules, mailer } = this.#options;
    const told = await database.query.transaction().execute(async (trx) => {
      const { rows } = await sql<{ now: Date }>`select now()::timestamptz(3) as now`.execute(trx);
      const now = rows[0]?.now ?? new Date();
      const endpoint = await findEndpoint(trx, ownerId, endpointId);
      if (endpoint === undefined) return undefined;
      const data = await change(trx, now);
      if (data === undefined) return undefined;
      const announcement: Announcement = { type, endpoint, occurredAt: now, data };
      const mail = mailer === undefined ? undefined : await storeMail(trx, endpoint, announcement);
      return { mail, deliveries: await announce(trx, announcement, rules) };
    });
    if (told === undefined) return;
    hintDeliveries(database, told.deliveries);
    if (mailer !== undefined && told.mail !== undefined) sendSoon(this.#options, mailer, told.mail);
  }
}

type Trx = Parameters<typeof announce>[0];

/** Sends the mail without waiting for the mail server. */
export function sendSoon(
  { database, logger }: Pick<TellingsOptions, 'database' | 'logger'>,
  mailer: Mailer,
  mail: AlertMail,
): void {
  sendStoredMail(database.query, mailer, mail).catch((error: unknown) =>
    logger.warn(
      { error: messageOf(error) },
      'could not remove a mail that was sent, so that it is sent again',
    ),
  );
}

export type TellingsOptions = Readonly<{
  database: Database;
  logger: Logger;
  rules: DeliveryRules;
  mailer: Mailer | undefined;
}>;
