import { once } from 'node:events';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Mailer } from '../../src/mail.ts';
import { type AlertMail, sendDueMails, sendStoredMail, storeMail } from '../../src/telling/alert-mails.ts';
import { createTestDatabase, quietLogger, type TestDatabase } from '../support/database.ts';
import { seedOwner } from '../support/deliveries.ts';

let isRefusing = false;
const mails: { to: string[]; text: string }[] = [];
const smtp = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS'],
  onMailFrom: (_address, _session, callback) => callback(isRefusing ? new Error('Try later.') : null),
  onData(stream, session, callback) {
    let text = '';
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    stream.on('end', () => {
      mails.push({ to: session.envelope.rcptTo.map(({ address }) => address), text });
      callback();
    });
  },
});

let db: TestDatabase;
let mailer: Mailer;
beforeAll(async () => {
  smtp.listen(0, '127.0.0.1');
  await once(smtp.server, 'listening');
  const address = smtp.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  mailer = new Mailer({
    smtpUrl: `smtp://127.0.0.1:${port}`,
    publicUrl: 'https://hooks.example.com',
    logger: quietLogger,
  });
  db = await createTestDatabase();
});
beforeEach(async () => {
  mails.length = 0;
  isRefusing = false;
  await db.database.api.query('delete from alert_mail');
});
afterAll(async () => {
  await mailer.stop();
  await db.drop();
  await new Promise<void>((resolve) => smtp.close(() => resolve()));
});

/** A mail as a transaction that tells of an endpoint stores it. */
async function store(
  alertEmails = ['ops@example.com'],
  url = 'https://x.test/a?t=1',
): Promise<AlertMail | undefined> {
  const { ownerId, endpointIds } = await seedOwner(db.database);
  const endpoint = {
    ...{
      owner_id: ownerId,
      id: endpointIds[0] ?? '',
      owner_kind: 'TENANT' as const,
      url,
    },
    sending: { alertEmails },
  };
  const told = { type: 'endpoint.recovered', endpoint, occurredAt: new Date(), data: {} } as const;
  return await db.database.query.transaction().execute((trx) => storeMail(trx, endpoint, told));
}

async function stored(): Promise<{ tries: number; wait: number }[]> {
  const { rows } = await db.database.api.query<{ tries: number; wait: number }>(
    'select tries, round(extract(epoch from next_at - now()))::integer as wait from alert_mail',
  );
  return rows;
}

/** A second ago, because the clock of a virtual machine may be set back a little. */
const makeDue = () => db.database.api.query("update alert_mail set next_at = now() - interval '1 second'");

test('a mail that the mail server took is removed; where nobody is named, none is stored', async () => {
  expect(await store([])).toBeUndefined();
  const mail = await store(['ops@example.com', 'dev@example.com']);
  if (mail === undefined) throw new Error('no mail');
  await sendStoredMail(db.database.query, mailer, mail);
  expect(mails.map(({ to }) => to)).toEqual([['ops@example.com', 'dev@example.com']]);
  expect(mails[0]?.text).toContain('Endpoint works again: https://x.test/a\r\n');
  expect(await stored()).toEqual([]);
});

test('one whose process died is sent by another, but not while it may still be under way', async () => {
  const mail = await store();
  expect(await sendDueMails(db.database.query, mailer)).toBe(0);
  await makeDue();
  const counts = await Promise.all([1, 2, 3].map(() => sendDueMails(db.database.query, mailer)));
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1);
  expect(mails).toHaveLength(1);
  expect(mails[0]?.text).toContain(`Message-ID: <${mail?.id}@hooks.example.com>`);
  expect(await stored()).toEqual([]);
});

test('one that the mail server does not take is tried again, ever later, and given up after a day', async () => {
  isRefusing = true;
  await store();
  const waits: number[] = [];
  for (let tries = 1; tries < 10; tries += 1) {
    await makeDue();
    await sendDueMails(db.database.query, mailer);
    const [row] = await stored();
    expect(row?.tries).toBe(tries);
    waits.push(row?.wait ?? 0);
  }
  expect(waits.map((wait) => Math.round(wait / 120))).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256]);
  await makeDue();
  isRefusing = false;
  await sendDueMails(db.database.query, mailer);
  expect(mails).toEqual([]);
  expect(await stored()).toEqual([]);
});

test('no line is longer than a mail server takes, however long the URL is', async () => {
  const path = 'a'.repeat(2_000);
  const mail = await store(undefined, `https://x.test/${path}`);
  if (mail === undefined) throw new Error('No mail was stored.');
  await sendStoredMail(db.database.query, mailer, mail);
  const [sent] = mails;
  const lines = sent?.text.split('\r\n') ?? [];
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(998);
  expect(lines.join('').replaceAll(/=(?=a)/g, '')).toContain(path);
});
