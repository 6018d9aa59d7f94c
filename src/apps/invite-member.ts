import { sql, type Transaction } from 'kysely';
import type { By } from '../access/actor.ts';
import { hashToken, makeToken } from '../access/api-key-token.ts';
import { appPermissionsIn, memberEmail } from '../access/app-access.ts';
import type { AppPermission } from '../access/permissions.ts';
import { appendAudit } from '../audit/append-audit.ts';
import { databaseNow, dayMs } from '../clock.ts';
import { ConflictError, invalid, LimitExceededError, NotFoundError, ValidationError } from '../errors.ts';
import { firstUuidAt, mintUuid } from '../ids.ts';
import type { Tables } from '../tables.ts';
import { type App, lockApp } from './app.ts';
import { appPermissionIssues, emailIssues } from './app-input.ts';
import { type AppInvitation, type AppMember, maxMembers, openInvitations } from './member.ts';

/** The prefix of every invitation's token. */
const invitationMark = 'hgi_';
export const invitationDays = 7;
/** Each is a mail to an address that the caller chooses. So their rate is limited, for an app and for an address. */
export const maxInvitationsPerHour = 500;
export const maxInvitationsOfAddress = 5;
const hourMs = 3_600_000;

/**
 * Invites the person with this email. The token is returned here and never again; only its hash is stored. An open
 * invitation of the same email is replaced and its token becomes invalid, so that a lost token can be replaced.
 */
export async function inviteMember(
  trx: Transaction<Tables>,
  {
    appId,
    input,
    by,
  }: { appId: string; input: { email: string; permissions: readonly AppPermission[] }; by: By },
): Promise<{ app: App; invitation: AppInvitation; token: string }> {
  const issues = [...emailIssues(input.email, 'email'), ...appPermissionIssues(input.permissions)];
  if (issues.length > 0) throw new ValidationError(issues);
  const email = memberEmail(input.email);
  const app = await lockApp(trx, appId);
  await refuseMember(trx, appId, email);
  await refuseTooOften(trx, appId, email);
  await trx
    .deleteFrom('app_invitation')
    .where('app_id', '=', appId)
    .where((is) =>
      is.or([
        is('email', '=', email),
        is('expires_at', '<', sql<Date>`clock_timestamp() - interval '30 days'`),
      ]),
    )
    .where('accepted_at', 'is', null)
    .execute();
  await refuseTooMany(trx, appId);
  const token = makeToken(invitationMark);
  const invitation = await trx
    .insertInto('app_invitation')
    .values({
      app_id: appId,
      id: mintUuid(),
      email,
      permissions: appPermissionsIn(input.permissions),
      invited_by: by.actor.label,
      token_hash: hashToken(token),
      expires_at: new Date(databaseNow() + invitationDays * dayMs),
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  await appendAudit(trx, {
    ownerId: appId,
    ...by,
    action: 'app_member.invite',
    targetType: 'AppInvitation',
    targetId: invitation.id,
    changes: { email, permissions: invitation.permissions, expiresAt: invitation.expires_at },
  });
  return { app, invitation, token };
}

/**
 * Makes the invited person a member. The caller's verified email must be the invited one. For anybody else the answer
 * is that there is no such invitation, whatever its state.
 */
export async function acceptInvitation(
  trx: Transaction<Tables>,
  { token, email, by }: { token: string; email: string; by: By },
): Promise<{ app: App; member: AppMember }> {
  if (!token.startsWith(invitationMark) || token.length > 100) {
    throw invalid(['token'], 'INVALID_TOKEN', 'This is not the token of an invitation.');
  }
  const seen = await trx
    .selectFrom('app_invitation')
    .select(['app_id', 'id'])
    .where('token_hash', '=', hashToken(token))
    .where('email', '=', memberEmail(email))
    .executeTakeFirst();
  if (seen === undefined) throw new NotFoundError('invitation');
  const app = await lockApp(trx, seen.app_id).catch(() => {
    throw new NotFoundError('invitation');
  });
  const invitation = await trx
    .selectFrom('app_invitation')
    .selectAll()
    .where('app_id', '=', seen.app_id)
    .where('id', '=', seen.id)
    .executeTakeFirst();
  if (invitation === undefined) throw new NotFoundError('invitation');
  if (invitation.accepted_at !== null) throw new ConflictError('This invitation has been accepted already.');
  if (invitation.expires_at.getTime() <= databaseNow()) {
    throw new ConflictError('This invitation has expired. Ask for another one.');
  }
  await refuseMember(trx, app.id, invitation.email);
  await trx
    .updateTable('app_invitation')
    .set({ accepted_at: sql<Date>`clock_timestamp()` })
    .where('app_id', '=', app.id)
    .where('id', '=', invitation.id)
    .execute();
  const member = await trx
    .insertInto('app_member')
    .values({
      app_id: app.id,
      id: mintUuid(),
      email: invitation.email,
      permissions: invitation.permissions,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  await appendAudit(trx, {
    ownerId: app.id,
    ...by,
    action: 'app_member.accept',
    targetType: 'AppMember',
    targetId: member.id,
    changes: { email: member.email, permissions: member.permissions },
  });
  return { app, member };
}

async function refuseMember(trx: Transaction<Tables>, appId: string, email: string): Promise<void> {
  const member = await trx
    .selectFrom('app_member')
    .select('id')
    .where('app_id', '=', appId)
    .where('email', '=', email)
    .executeTakeFirst();
  if (member !== undefined) throw new ConflictError('There is a member with this email already.');
}

/** The app is locked, so that simultaneous invitations are counted. */
async function refuseTooMany(trx: Transaction<Tables>, appId: string): Promise<void> {
  const { members } = await trx
    .selectFrom('app_member')
    .select(({ fn }) => fn.countAll<number>().as('members'))
    .where('app_id', '=', appId)
    .executeTakeFirstOrThrow();
  const open = await openInvitations(trx).where('app_id', '=', appId).execute();
  if (Number(members) + open.length < maxMembers) return;
  throw new LimitExceededError(
    maxMembers,
    `An app has at most ${maxMembers} members and open invitations. Remove a member first.`,
  );
}

/** The audit log tells who was invited. The app is locked, so that simultaneous invitations are counted. */
async function refuseTooOften(trx: Transaction<Tables>, appId: string, email: string): Promise<void> {
  const { all, ofAddress } = await trx
    .selectFrom('audit_entry')
    .select(({ fn }) => [
      fn.countAll<number>().as('all'),
      fn.countAll<number>().filterWhere(sql`changes ->> 'email'`, '=', email).as('ofAddress'),
    ])
    .where('owner_id', '=', appId)
    .where('id', '>', firstUuidAt(databaseNow() - hourMs))
    .where('action', '=', 'app_member.invite')
    .executeTakeFirstOrThrow();
  if (Number(ofAddress) >= maxInvitationsOfAddress) {
    throw new LimitExceededError(
      maxInvitationsOfAddress,
      `An address can be invited to an app ${maxInvitationsOfAddress} times an hour. Use the last invitation's token, or wait.`,
    );
  }
  if (Number(all) >= maxInvitationsPerHour) {
    throw new LimitExceededError(
      maxInvitationsPerHour,
      `At most ${maxInvitationsPerHour} invitations to an app can be made in an hour. Wait a while.`,
    );
  }
}
