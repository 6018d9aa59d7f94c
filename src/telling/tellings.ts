import { sql } from 'kysely';
import type { Database } from '../db/pool.ts';
import { retrying } from '../db/retry.ts';
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

/** An endpoint that only fails is said to fail after this time, or when a delivery has used up its attempts. */
export const failsForMs = 600_000;
/** Between two times that an endpoint is said to fail: one that goes to and fro is not told each time. */
const failingEveryMs = 600_000;
const deadLettersEveryMs = 60_000;
const mostCounted = 10_000;
const retries = 3;

export type Place = Readonly<{ ownerId: string; endpointId: string }>;

/**
 * Tells owners how their endpoints fare, by events of the platform's and by mail. What was told stands in
 * `endpoint_health`, and is changed in the transaction that tells it: so each is told once, by whoever sees it first.
 * A mail goes out after the commit, and if this process dies then, by another one.
 *
 * The worker calls it and waits for nothing. What cannot be told now is told when it happens again.
 */
export class Tellings {
  readonly #options: TellingsOptions;
  /** One after the other: what is told last is what is true. */
  #told: Promise<void> = Promise.resolve();
  /** Said to fail, as far as this process knows. */
  readonly #failing = new Set<string>();
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
    if (this.#failing.has(place.endpointId)) return;
    this.#failing.add(place.endpointId);
    this.#run(() => this.#tellFailing(place, { reason, failingSince: failingSince?.toISOString() ?? null }));
  }

  /** Of an endpoint that has accepted a delivery. `wasIll`: its last attempt had failed. */
  succeeded(place: Place, { wasIll }: { wasIll: boolean }): void {
    if (!this.#failing.delete(place.endpointId) && !wasIll) return;
    this.#run(() => this.#tellRecovered(place));
  }

  /** A delivery has used up its attempts. More than one in a minute are told together at its end. */
  deadLettered(place: Place): void {
    if (!this.#timers.has(place.endpointId)) this.#run(() => this.#tellDeadLetters(place));
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    await Promise.all([this.#told, this.#mails?.stop()]);
  }

  #run(tell: () => Promise<void>): void {
    this.#told = this.#told.then(() =>
      retrying(tell, { attempts: retries }).catch((error: unknown) =>
        this.#options.logger.warn({ error: messageOf(error) }, 'could not tell an owner about an endpoint'),
      ),
    );
  }

  async #tellFailing(place: Place, data: Announcement['data']): Promise<void> {
    await this.#tell(place, 'endpoint.failing', async (trx) => {
      const { rows } = await sql`
        insert into endpoint_health as h (owner_id, endpoint_id, told_failing, told_failing_at)
        values (${place.ownerId}, ${place.endpointId}, true, now())
        on conflict (owner_id, endpoint_id) do update set told_failing = true, told_failing_at = now()
         where not h.told_failing
           and coalesce(h.told_failing_at < now() - ${failingEveryMs}::integer * interval '1 millisecond', true)
        returning 1`.execute(trx);
      return rows.length === 0 ? undefined : data;
    });
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
        select id from delivery
         where owner_id = ${ownerId} and endpoint_id = ${endpointId} and status = 'DEAD_LETTER' and status <> 'SUCCEEDED'
           and completed_at > coalesce(${last}::timestamptz, ${now}::timestamptz - interval '1 minute')
         order by id desc limit ${mostCounted}`.execute(trx);
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

  /** `change` makes the fact true, or answers undefined where there is nothing to tell. */
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

/** Nobody waits for the mail server. */
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
