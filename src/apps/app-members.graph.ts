import { appPermissionsIn } from '../access/app-access.ts';
import { byOf } from '../endpoints/endpoint-services.ts';
import {
  ConflictError,
  IdempotencyError,
  LimitExceededError,
  NotFoundError,
  ValidationError,
} from '../errors.ts';
import { AppPermission, builder } from '../graph/builder.ts';
import { requireActor } from '../graph/context.ts';
import { node } from '../graph/node.ts';
import { forbidden } from '../graph/permission.ts';
import { mutation } from '../graph/result.ts';
import {
  idempotencyKeyDescription,
  idempotencyNote,
  idempotently,
} from '../idempotency/idempotently.graph.ts';
import { encodeId, timeOfUuid } from '../ids.ts';
import { App, ifHeld } from './app.graph.ts';
import { appsWith, askedApp, askedMember, findVisibleMembers } from './asked-app.ts';
import { removeMember, updateMember } from './change-member.ts';
import type { InvitationMail, InvitationMailer } from './invitation-mailer.ts';
import {
  acceptInvitation,
  invitationDays,
  inviteMember,
  maxInvitationsOfAddress,
  maxInvitationsPerHour,
} from './invite-member.ts';
import {
  type AppInvitation as AppInvitationRow,
  type AppMember as AppMemberRow,
  findInvitations,
  listInvitations,
  listMembers,
  maxMembers,
} from './member.ts';

declare module '../graph/context.ts' {
  interface Services {
    /** If undefined, invitations are not mailed. */
    invitationMailer: InvitationMailer | undefined;
  }
}

const manageMembers = { app: 'MANAGE_MEMBERS' } as const;

const AppMember = builder.objectRef<AppMemberRow>('AppMember');

node(builder, AppMember, {
  description:
    'A person who works on an app. A user is a member if the user’s verified email is the member’s.',
  permission: manageMembers,
  id: (member) => encodeId('AppMember', member.id),
  load: async (ids, context) => {
    const byId = new Map((await findVisibleMembers(context, ids)).map((member) => [member.id, member]));
    return ids.map((id) => byId.get(id));
  },
  fields: (t) => ({
    email: t.exposeString('email', {
      description: 'The member’s email address, in lower case. Case does not matter in comparisons.',
    }),
    permissions: t.field({
      type: [AppPermission],
      description: 'The permissions of the member.',
      resolve: (member) => appPermissionsIn(member.permissions),
    }),
    joinedAt: t.field({
      type: 'DateTime',
      description: 'When the invitation was accepted; for the first member, when the app was created.',
      resolve: (member) => new Date(timeOfUuid(member.id)),
    }),
  }),
});

const AppInvitation = builder.objectRef<AppInvitationRow>('AppInvitation');

node(builder, AppInvitation, {
  description: 'An invitation that can still be accepted. Its token is shown only once, when it is created.',
  permission: manageMembers,
  id: (invitation) => encodeId('AppInvitation', invitation.id),
  load: async (ids, context) => {
    const apps = await appsWith(context, 'MANAGE_MEMBERS');
    const found = await findInvitations(context.services.database.query, apps, ids);
    const byId = new Map(found.map((invitation) => [invitation.id, invitation]));
    return ids.map((id) => byId.get(id));
  },
  fields: (t) => ({
    email: t.exposeString('email', {
      description: 'The email address of the person who is invited, in lower case.',
    }),
    permissions: t.field({
      type: [AppPermission],
      description: 'The permissions of the new member.',
      resolve: (invitation) => appPermissionsIn(invitation.permissions),
    }),
    invitedBy: t.exposeString('invited_by', {
      description: 'The person who sent the invitation, as named by their credential.',
    }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'When it was created.',
      resolve: (invitation) => new Date(timeOfUuid(invitation.id)),
    }),
    expiresAt: t.expose('expires_at', {
      type: 'DateTime',
      description: `When it expires: ${invitationDays} days after it was created.`,
    }),
  }),
});

const wholeList = { field: 1, multiplier: 50 };

builder.objectFields(App, (t) => ({
  members: t.field({
    type: [AppMember],
    nullable: true,
    description: `All members, in the order in which they joined, at most ${maxMembers}. Needs MANAGE_MEMBERS.`,
    complexity: wholeList,
    resolve: (app, _args, context) =>
      ifHeld(context, { appId: app.id, anyOf: ['MANAGE_MEMBERS'] }, () =>
        listMembers(context.services.database.query, app.id),
      ),
  }),
  invitations: t.field({
    type: [AppInvitation],
    nullable: true,
    description: `The open invitations, oldest first, at most ${maxMembers}. Needs MANAGE_MEMBERS.`,
    complexity: wholeList,
    resolve: (app, _args, context) =>
      ifHeld(context, { appId: app.id, anyOf: ['MANAGE_MEMBERS'] }, () =>
        listInvitations(context.services.database.query, app.id),
      ),
  }),
}));

/** The part of the answer that a repeated `inviteAppMember` needs. */
type Invited = { id: string; token: string };

mutation(builder, 'inviteAppMember', {
  description: `Invites a person by email, for ${invitationDays} days. It replaces an open invitation of the same email. The invitation is mailed if a mail server is configured. An email that is a member’s already is a ConflictError. More than ${maxMembers} members and open invitations are a LimitExceededError, and so are more than ${maxInvitationsPerHour} invitations to an app in an hour, or more than ${maxInvitationsOfAddress} of one address.`,
  permission: manageMembers,
  capability: {
    records: ['AppInvitation', 'AuditEntry'],
    sideEffects: ['audit entry app_member.invite', 'a mail, if a mail server is configured'],
    idempotency: `${idempotencyNote} The invitation is mailed only once.`,
  },
  input: (t) => ({
    appId: t.id({ required: true, description: 'The app’s id: `app_…`.' }),
    email: t.string({
      required: true,
      description: 'The email address of the person to invite. Case does not matter.',
    }),
    permissions: t.field({
      type: [AppPermission],
      required: true,
      description: 'The permissions of the new member: at least one.',
    }),
    idempotencyKey: t.string({ description: idempotencyKeyDescription }),
  }),
  payload: {
    invitation: { type: AppInvitation, description: 'The invitation.' },
    token: {
      type: 'String',
      description:
        'The token for `acceptAppInvitation`: `hgi_…`. It works once. It is shown here and never again.',
    },
  },
  errors: [ValidationError, NotFoundError, ConflictError, IdempotencyError, LimitExceededError],
  async resolve(input, context) {
    const { database, invitationMailer } = context.services;
    const appId = await askedApp(context, { permission: 'MANAGE_MEMBERS', globalId: input.appId });
    const mails: InvitationMail[] = [];
    const { id, token } = await idempotently(
      context,
      { ownerId: appId, field: 'inviteAppMember', input, secretOf: (answer: Invited) => answer.id },
      async (trx) => {
        const invited = await inviteMember(trx, { appId, input, by: byOf(context) });
        const { email: to, invited_by: invitedBy } = invited.invitation;
        mails.push({ to, invitedBy, appName: invited.app.name, token: invited.token });
        return { id: invited.invitation.id, token: invited.token };
      },
    );
    for (const mail of mails) invitationMailer?.send(mail);
    const [invitation] = await findInvitations(database.query, [appId], [id]);
    // The invitation was accepted or replaced since, so the token of the repeated answer would be invalid.
    if (invitation === undefined) throw new ConflictError('This invitation is no longer open.');
    return { invitation, token };
  },
});

mutation(builder, 'acceptAppInvitation', {
  description:
    'Makes the caller a member of the app. The caller must be a user whose verified email is the invited one; for anybody else the answer is NotFoundError. An invitation that has expired or was accepted already is a ConflictError.',
  permission: { user: true },
  capability: {
    records: ['AppInvitation', 'AppMember', 'AuditEntry'],
    sideEffects: ['audit entry app_member.accept'],
    idempotency: 'A repeated call answers with ConflictError.',
  },
  input: (t) => ({
    token: t.string({ required: true, description: 'The invitation’s token: `hgi_…`.' }),
  }),
  payload: {
    app: { type: App, description: 'The app.' },
    member: { type: AppMember, description: 'The new member: the caller.' },
  },
  errors: [ValidationError, NotFoundError, ConflictError],
  async resolve({ token }, context) {
    const email = requireActor(context).verifiedEmail;
    if (email === undefined) throw forbidden({ user: true });
    return await context.services.database.query
      .transaction()
      .execute((trx) => acceptInvitation(trx, { token, email, by: byOf(context) }));
  },
});

const memberId = 'The member’s id: `mbr_…`.';

mutation(builder, 'updateAppMember', {
  description:
    'Replaces a member’s permissions. Subscriptions that the member may no longer have end within 5 seconds. Taking MANAGE_MEMBERS from the last member who has it is a ConflictError.',
  permission: manageMembers,
  capability: {
    records: ['AppMember', 'AuditEntry'],
    sideEffects: ['audit entry app_member.update', 'ends subscriptions that are no longer allowed'],
    idempotency: 'A repeated call changes nothing and is not audited.',
  },
  input: (t) => ({
    id: t.id({ required: true, description: memberId }),
    permissions: t.field({
      type: [AppPermission],
      required: true,
      description: 'All permissions of the member from now on: at least one.',
    }),
  }),
  payload: { member: { type: AppMember, description: 'The member as it is now.' } },
  errors: [ValidationError, NotFoundError, ConflictError],
  async resolve({ id: globalId, permissions }, context) {
    const { appId, id } = await askedMember(context, { permission: 'MANAGE_MEMBERS', globalId });
    const member = await context.services.database.query
      .transaction()
      .execute((trx) => updateMember(trx, { appId, id, permissions, by: byOf(context) }));
    return { member };
  },
});

mutation(builder, 'removeAppMember', {
  description:
    'Removes a member. The member’s subscriptions end within 5 seconds. Removing the last member with MANAGE_MEMBERS is a ConflictError.',
  permission: manageMembers,
  capability: {
    records: ['AppMember', 'AuditEntry'],
    sideEffects: ['audit entry app_member.remove', 'ends the member’s subscriptions'],
    idempotency: 'A repeated call answers with NotFoundError.',
  },
  input: (t) => ({ id: t.id({ required: true, description: memberId }) }),
  payload: { app: { type: App, description: 'The app.' } },
  errors: [NotFoundError, ConflictError],
  async resolve({ id: globalId }, context) {
    const { appId, id } = await askedMember(context, { permission: 'MANAGE_MEMBERS', globalId });
    const app = await context.services.database.query
      .transaction()
      .execute((trx) => removeMember(trx, { appId, id, by: byOf(context) }));
    return { app };
  },
});
