import { sql } from 'kysely';
import { systemActor } from '../access/actor.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { Database } from '../db/pool.ts';
import { retrying } from '../db/retry.ts';
import type { Logger } from '../log.ts';
import type { Mailer } from '../mail.ts';
import type { DeliveryRules } from '../sending/plan-delivery.ts';
import { hintDeliveries, type NewDelivery } from '../status/create-deliveries.ts';
import { endQueued } from '../status/end-queued.ts';
import { type AlertMail, storeMail } from './alert-mails.ts';
import { type Announcement, announce } from './announce.ts';
import { sendSoon } from './tellings.ts';

const retries = 5;

export type GivenUp = Readonly<{
  ownerId: string;
  endpointId: string;
  /** The URL that was tried. */
  url: string;
  reason: 'GONE' | 'FAILING';
  rules: DeliveryRules;
  mailer?: Mailer | undefined;
  logger: Logger;
}>;

/**
 * Disables an endpoint that answered 410 or has failed for days, tells the owner's other endpoints, and ends its queued
 * deliveries. It does nothing if the URL has changed since the attempt, or if the endpoint is inactive already.
 *
 * Call it before the attempt is settled. If the process dies before the commit, the delivery is sent and answered
 * again. If it dies after the commit, the next claim ends the queued deliveries.
 */
export async function giveUpEndpoint(database: Database, given: GivenUp): Promise<boolean> {
  const announced = await retrying(() => disable(database, given), { attempts: retries });
  if (announced === undefined) return false;
  hintDeliveries(database, announced.deliveries);
  const { ownerId, endpointId, reason, mailer, logger } = given;
  if (mailer !== undefined && announced.mail !== undefined) {
    sendSoon({ database, logger }, mailer, announced.mail);
  }
  await endQueued(database, {
    ownerId,
    endpointId,
    reason: reason === 'GONE' ? 'ENDPOINT_GONE' : 'ENDPOINT_INACTIVE',
  });
  return true;
}

type Disabled = Readonly<{
  mail: AlertMail | undefined;
  /** The deliveries of the event that announces it. */
  deliveries: readonly NewDelivery[];
}>;

/** Undefined if there was nothing to disable. */
function disable(database: Database, given: GivenUp): Promise<Disabled | undefined> {
  const { ownerId, endpointId, url, reason, rules } = given;
  return database.query.transaction().execute(async (trx) => {
    const disabled = await trx
      .updateTable('endpoint')
      .set({ is_active: false, disabled_reason: reason, updated_at: sql<Date>`clock_timestamp()` })
      .where('owner_id', '=', ownerId)
      .where('id', '=', endpointId)
      .where('url', '=', url)
      .where('is_active', '=', true)
      .where('deleted_at', 'is', null)
      .returningAll()
      .executeTakeFirst();
    if (disabled === undefined) return undefined;
    await appendAudit(trx, {
      ownerId,
      actor: systemActor,
      action: 'endpoint.disable',
      targetType: 'Endpoint',
      targetId: endpointId,
      changes: { isActive: { from: true, to: false }, disabledReason: { from: null, to: reason } },
      requestId: undefined,
    });
    const announcement: Announcement = {
      ...{ type: 'endpoint.disabled', endpoint: disabled, occurredAt: disabled.updated_at },
      data: { reason, disabledAt: disabled.updated_at.toISOString() },
    };
    const mail = given.mailer === undefined ? undefined : await storeMail(trx, disabled, announcement);
    const deliveries = await announce(trx, announcement, rules);
    return { mail, deliveries };
  });
}
