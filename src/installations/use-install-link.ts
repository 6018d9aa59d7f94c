import type { Transaction } from 'kysely';
import type { Tables } from '../tables.ts';
import { type Installer, installApp } from './install-app.ts';
import type { InstallState } from './install-state.ts';
import type { AppInstallation } from './installation.ts';

/**
 * Installs the app of a link, once. The link's row and the installation are written in one transaction, so of any
 * number of simultaneous calls one installs, and a failed call leaves the link valid. Undefined if the link was used
 * or belongs to another tenant. Throws the same errors as `installApp`.
 */
export async function useInstallLink(
  trx: Transaction<Tables>,
  state: InstallState,
  { installer, isSubscribed }: { installer: Installer; isSubscribed: boolean },
): Promise<AppInstallation | undefined> {
  if (state.tenantId !== null && state.tenantId !== installer.tenantId) return undefined;
  const { numInsertedOrUpdatedRows } = await trx
    .insertInto('install_link_used')
    .values({ id: state.id })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .executeTakeFirstOrThrow();
  if (numInsertedOrUpdatedRows !== 1n) return undefined;
  const { appId, permissions } = state;
  return await installApp(trx, installer, { appId, permissions, isSubscribed });
}
