import { type Kysely, type Selectable, sql } from 'kysely';
import type { Tables } from '../tables.ts';

/** A person who works on an app, identified by the verified email of the credential. */
export type AppMember = Selectable<Tables['app_member']>;
export type AppInvitation = Selectable<Tables['app_invitation']>;

/** The limit for members and open invitations of one app together. */
export const maxMembers = 500;

export function listMembers(db: Kysely<Tables>, appId: string): Promise<AppMember[]> {
  return db.selectFrom('app_member').selectAll().where('app_id', '=', appId).orderBy('id').execute();
}

/** The invitations that can still be accepted. */
export function listInvitations(db: Kysely<Tables>, appId: string): Promise<AppInvitation[]> {
  return openInvitations(db).where('app_id', '=', appId).orderBy('id').execute();
}

export function findMembers(
  db: Kysely<Tables>,
  appIds: readonly string[],
  ids: readonly string[],
): Promise<AppMember[]> {
  return db
    .selectFrom('app_member')
    .selectAll()
    .where('app_id', '=', sql<string>`any(${[...appIds]}::uuid[])`)
    .where('id', '=', sql<string>`any(${[...ids]}::uuid[])`)
    .execute();
}

export function findInvitations(
  db: Kysely<Tables>,
  appIds: readonly string[],
  ids: readonly string[],
): Promise<AppInvitation[]> {
  return openInvitations(db)
    .where('app_id', '=', sql<string>`any(${[...appIds]}::uuid[])`)
    .where('id', '=', sql<string>`any(${[...ids]}::uuid[])`)
    .execute();
}

export function openInvitations(db: Kysely<Tables>) {
  return db
    .selectFrom('app_invitation')
    .selectAll()
    .where('accepted_at', 'is', null)
    .where('expires_at', '>', sql<Date>`clock_timestamp()`);
}
