import type { Transaction } from 'kysely';
import type { Tables } from '../tables.ts';
import { type Installer, installApp } from './install-app.ts';
import type { InstallState } from './install-state.ts';
import type { AppInstallation } from './installation.ts';

/**
 * Installs what the link says, once: the link's row and the installation stand in one transaction, so that of any
 * number at once one installs, and one that fails leaves the link good. Undefined where it was used, or is another
 * tenant's. Throws what `installApp` throws.
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
