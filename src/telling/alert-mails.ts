import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import type { Database } from '../db/pool.ts';
import { runWithin, statement } from '../db/statement.ts';
import type { Endpoint } from '../endpoints/endpoint.ts';
import { messageOf } from '../errors.ts';
import { mintUuid } from '../ids.ts';
import type { Logger } from '../log.ts';
import { Loop } from '../loop.ts';
import type { Mailer } from '../mail.ts';
import type { Tables } from '../tables.ts';
import { mailOf } from './alert-mail.ts';
import type { Announcement } from './announce.ts';

/**
 * Mails about endpoints, sent at least once. A mail is stored by the transaction that makes true what it tells, and is
 * removed when the mail server has taken it. The process that stored it sends it at once; if that process dies, or the
 * mail server does not take it, another process with a mail server sends it later. A process that dies between the two
 * leaves a mail that is sent twice, with the same Message-ID.
 */
export type AlertMail = Pick<
  Selectable<Tables['alert_mail']>,
  'owner_id' | 'id' | 'recipients' | 'subject' | 'body'
>;

/** Longer than a mail takes, so that nobody sends one that is being sent. */
const ownSeconds = 120;
/** After the first try the pauses double, from two minutes on: the last try comes after about a day. */
const mostTries = 10;
const atOnce = 20;
const lookEveryMs = 30_000;

/** Stores the mail to the addresses that the endpoint's owner gave. Undefined where nobody is to get one. */
export async function storeMail(
  trx: Transaction<Tables>,
  endpoint: Pick<Endpoint, 'owner_id' | 'sending'>,
  announcement: Announcement,
): Promise<AlertMail | undefined> {
  const to = endpoint.sending?.alertEmails ?? [];
  const text = to.length === 0 ? undefined : mailOf(announcement);
  if (text === undefined) return undefined;
  const mail = {
    ...{ owner_id: endpoint.owner_id, id: mintUuid(), recipients: [...to] },
    ...{ subject: text.subject, body: text.text },
  };
  await trx
    .insertInto('alert_mail')
    .values({ ...mail, next_at: sql<Date>`now() + ${ownSeconds}::integer * interval '1 second'` })
    .execute();
  return mail;
}

/** Sends a stored mail, and removes it if the mail server has taken it. */
export async function sendStoredMail(
  db: Kysely<Tables>,
  mailer: Mailer,
  { owner_id, id, recipients, subject, body }: AlertMail,
): Promise<void> {
  const isTaken = await mailer.deliver({ to: recipients, subject, text: body, id });
  if (!isTaken) return;
  await db.deleteFrom('alert_mail').where('owner_id', '=', owner_id).where('id', '=', id).execute();
}

const takeStatement = statement(
  'take_mails',
  `update alert_mail m
      set tries = m.tries + 1, next_at = now() + $1::integer * interval '1 second' * (2 ^ m.tries)
     from (select owner_id, id from alert_mail
            where next_at <= now() order by next_at limit $2 for update skip locked) due
    where m.owner_id = due.owner_id and m.id = due.id
   returning m.owner_id, m.id, m.recipients, m.subject, m.body, m.tries`,
  {
    ofOwners: 'select owner_id from alert_mail where next_at <= now() order by next_at limit $2',
    returns: 'owner_id uuid, id uuid, recipients text[], subject text, body text, tries integer',
  },
);

/** Takes mails that are due, for as long as another try waits. Mails that nobody took are removed after the last try. */
export async function sendDueMails(db: Kysely<Tables>, mailer: Mailer): Promise<number> {
  const rows = await runWithin<AlertMail & { tries: number }>(db, takeStatement, [ownSeconds, atOnce]);
  for (const mail of rows) {
    if (mail.tries < mostTries) await sendStoredMail(db, mailer, mail);
    else
      await db
        .deleteFrom('alert_mail')
        .where('owner_id', '=', mail.owner_id)
        .where('id', '=', mail.id)
        .execute();
  }
  return rows.length;
}

/** Looks for mails that were left behind. */
export function createMailLoop(database: Database, mailer: Mailer, logger: Logger): Loop {
  return new Loop({
    round: async () => ((await sendDueMails(database.query, mailer)) < atOnce ? lookEveryMs : 0),
    onError: (error) => {
      logger.warn({ error: messageOf(error) }, 'could not look for mails to send');
      return lookEveryMs;
    },
  });
}
