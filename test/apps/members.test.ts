import { once } from 'node:events';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Actor } from '../../src/access/actor.ts';
import { InvitationMailer } from '../../src/apps/invitation-mailer.ts';
import { mintUuid } from '../../src/ids.ts';
import { quietLogger } from '../support/database.ts';
import { type Apps, allAppPermissions, type Made, openApps } from './room.ts';

let apps: Apps;
let owner: Actor;
let app: Made;
let mailer: InvitationMailer;
const mails: { to: string[]; text: string }[] = [];
const smtp = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS'],
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

beforeAll(async () => {
  smtp.listen(0, '127.0.0.1');
  await once(smtp.server, 'listening');
  const address = smtp.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  mailer = new InvitationMailer({
    smtpUrl: `smtp://127.0.0.1:${port}`,
    publicUrl: undefined,
    logger: quietLogger,
  });
  apps = await openApps({ invitationMailer: mailer });
  owner = apps.user('owner@partner.example', await apps.addTenant('partner'));
  app = await apps.makeApp(owner, 'mirror');
});
afterAll(async () => {
  await mailer.stop();
  await apps.close();
  await new Promise<void>((resolve) => smtp.close(() => resolve()));
});

let people = 0;
function stranger(): Actor {
  people += 1;
  return apps.user(`person-${people}@partner.example`, undefined, []);
}

async function invite(
  email: string | undefined,
  permissions: readonly string[] = ['VIEW_DELIVERIES'],
  more: object = {},
) {
  return await apps.act<{ token: string; code?: string }>(owner, 'inviteAppMember', {
    input: { appId: app.id, email, permissions, ...more },
    fields: 'token invitation { email expiresAt invitedBy }',
  });
}

const accept = (actor: Actor, token: string) =>
  apps.act<{ code?: string }>(actor, 'acceptAppInvitation', {
    input: { token },
    fields: 'member { email permissions } app { id }',
  });

async function members(): Promise<{ id: string; email: string; permissions: string[] }[]> {
  const { data } = await apps.ask(owner, `{ app(id: "${app.id}") { members { id email permissions } } }`);
  const found = data?.app as { members: { id: string; email: string; permissions: string[] }[] };
  return found.members;
}

test('an invitation is mailed once, and accepted by whoever has verified its email', async () => {
  const person = stranger();
  const invited = await invite(person.verifiedEmail?.toUpperCase(), ['VIEW_DELIVERIES'], {
    idempotencyKey: 'one',
  });
  expect(
    await invite(person.verifiedEmail?.toUpperCase(), ['VIEW_DELIVERIES'], { idempotencyKey: 'one' }),
  ).toEqual(invited);
  await mailer.stop();
  expect(mails).toHaveLength(1);
  expect(mails[0]?.to).toEqual([person.verifiedEmail]);
  expect(mails[0]?.text).toContain(invited.token);
  expect(await accept(person, invited.token)).toMatchObject({
    __typename: 'AcceptAppInvitationPayload',
    member: { email: person.verifiedEmail, permissions: ['VIEW_DELIVERIES'] },
  });
});

test('a token is good for one use', async () => {
  const person = stranger();
  const { token } = await invite(person.verifiedEmail);
  const both = await Promise.all([accept(person, token), accept(person, token)]);
  expect(both.map(({ __typename }) => __typename).sort()).toEqual([
    'AcceptAppInvitationPayload',
    'ConflictError',
  ]);
});

test('to anybody else an invitation is not there, used or not', async () => {
  const person = stranger();
  const { token } = await invite(person.verifiedEmail);
  expect(await accept(stranger(), token)).toMatchObject({ __typename: 'NotFoundError' });
  await accept(person, token);
  expect(await accept(stranger(), token)).toMatchObject({ __typename: 'NotFoundError' });
  const unverified = { ...person, verifiedEmail: undefined };
  expect((await accept(unverified, token)).__typename).toMatch(/Only a user/);
  expect(await accept(person, 'hgk_nothing')).toMatchObject({ __typename: 'ValidationError' });
});

test('an expired invitation is refused, and another one voids the first', async () => {
  const person = stranger();
  const expired = await invite(person.verifiedEmail);
  await apps.database.api.query(
    "update app_invitation set expires_at = now() - interval '1 second' where email = $1",
    [person.verifiedEmail],
  );
  expect(await accept(person, expired.token)).toMatchObject({ __typename: 'ConflictError' });
  const first = await invite(person.verifiedEmail);
  const second = await invite(person.verifiedEmail);
  expect(await accept(person, first.token)).toMatchObject({ __typename: 'NotFoundError' });
  expect(await accept(person, second.token)).toMatchObject({ __typename: 'AcceptAppInvitationPayload' });
  expect(await invite(person.verifiedEmail)).toMatchObject({ __typename: 'ConflictError' });
});

test('errors about bad input name the field', async () => {
  expect(await invite('nobody', [])).toMatchObject({
    __typename: 'ValidationError',
    issues: [
      { path: ['email'], code: 'INVALID_EMAIL' },
      { path: ['permissions'], code: 'EMPTY' },
    ],
  });
});

test('the last member who manages members stays, whoever goes at the same time', async () => {
  const other = stranger();
  const otherId = await apps.addMember(app, owner, { actor: other, permissions: allAppPermissions });
  const ownerId = (await members()).find(({ email }) => email === owner.verifiedEmail)?.id;
  const results = await Promise.all([
    apps.act(owner, 'removeAppMember', { input: { id: otherId } }),
    apps.act(other, 'removeAppMember', { input: { id: ownerId } }),
    apps.act(other, 'updateAppMember', { input: { id: otherId, permissions: ['MANAGE_APP'] } }),
    apps.act(owner, 'updateAppMember', { input: { id: ownerId, permissions: ['MANAGE_APP'] } }),
  ]);
  expect(results.map(({ __typename }) => __typename)).toContain('ConflictError');
  const { rows } = await apps.database.api.query(
    `select count(*)::int as n from app_member where app_id = $1 and 'MANAGE_MEMBERS' = any(permissions)`,
    [app.uuid],
  );
  expect(rows[0]?.n).toBeGreaterThan(0);
  await apps.database.api.query(`update app_member set permissions = $2 where app_id = $1 and email = $3`, [
    app.uuid,
    allAppPermissions,
    owner.verifiedEmail,
  ]);
  await apps.database.api.query(
    `insert into app_member select $1, $2, $3, $4 where not exists (select from app_member where app_id = $1 and email = $3)`,
    [app.uuid, mintUuid(), owner.verifiedEmail, allAppPermissions],
  );
});

test('a member without the permission is refused by name, a stranger finds nothing', async () => {
  const viewer = stranger();
  await apps.addMember(app, owner, { actor: viewer, permissions: ['VIEW_DELIVERIES'] });
  const input = { appId: app.id, email: 'x@partner.example', permissions: ['MANAGE_APP'] };
  expect((await apps.act(viewer, 'inviteAppMember', { input })).__typename).toContain('MANAGE_MEMBERS');
  expect(await apps.act(stranger(), 'inviteAppMember', { input })).toMatchObject({
    __typename: 'NotFoundError',
  });
  const { data } = await apps.ask(
    viewer,
    `{ app(id: "${app.id}") { name members { id } invitations { id } clientSecrets { id } deliveries { nodes { id } } } }`,
  );
  expect(data?.app).toEqual({
    name: 'mirror',
    members: null,
    invitations: null,
    clientSecrets: null,
    deliveries: { nodes: [] },
  });
});

test('at most 500 members and open invitations', async () => {
  const full = await apps.makeApp(owner, 'full');
  await apps.database.api.query(
    `insert into app_member select $1, gen_random_uuid(), 'm' || n || '@x.example', '{MANAGE_APP}' from generate_series(1, 498) n`,
    [full.uuid],
  );
  const inviteTo = (email: string) =>
    apps.act<{ limit?: number }>(owner, 'inviteAppMember', {
      input: { appId: full.id, email, permissions: ['MANAGE_APP'] },
    });
  const both = await Promise.all([inviteTo('a@x.example'), inviteTo('b@x.example')]);
  expect(both.map(({ __typename }) => __typename).sort()).toEqual([
    'InviteAppMemberPayload',
    'LimitExceededError',
  ]);
});

test('one address can be invited five times an hour, and an app can invite 500', async () => {
  const often = await apps.makeApp(owner, 'often');
  const inviteTo = (email: string) =>
    apps.act(owner, 'inviteAppMember', {
      input: { appId: often.id, email, permissions: ['MANAGE_APP'] },
      fields: 'token',
    });
  const answers = await Promise.all(Array.from({ length: 7 }, () => inviteTo('Victim@x.example')));
  expect(answers.filter(({ __typename }) => __typename === 'InviteAppMemberPayload')).toHaveLength(5);
  expect(answers.filter(({ __typename }) => __typename === 'LimitExceededError')).toHaveLength(2);
  expect(await inviteTo('other@x.example')).toMatchObject({ __typename: 'InviteAppMemberPayload' });
  await apps.database.api.query(
    `insert into audit_entry select owner_id, gen_id, action, actor_kind, actor_id, actor_label, target_type, target_id,
            '{"email": "somebody@x.example"}', request_id
       from (select * from audit_entry where owner_id = $1 and action = 'app_member.invite' limit 1) e
      cross join (select overlay(gen_random_uuid()::text placing $2 from 1 for 13)::uuid as gen_id
                    from generate_series(1, 494)) made`,
    [often.uuid, mintUuid().slice(0, 13)],
  );
  expect(await inviteTo('last@x.example')).toMatchObject({ __typename: 'LimitExceededError' });
});

test('what a member follows ends when it is removed, and not before', async () => {
  const viewer = stranger();
  const id = await apps.addMember(app, owner, { actor: viewer, permissions: ['VIEW_DELIVERIES'] });
  apps.grantWatch.start();
  const stream = await apps.follow(
    viewer,
    `subscription { deliveryLog(appId: "${app.id}", after: 0) { position } }`,
  );
  if (!(Symbol.asyncIterator in stream)) throw new Error(JSON.stringify(stream));
  const waiting = stream.next();
  await apps.act(owner, 'removeAppMember', { input: { id } });
  const { value } = await waiting;
  expect(value?.errors?.[0]?.message).toContain('no longer allowed to see this app');
  expect(await stream.next()).toMatchObject({ done: true });
});
