import { installationPermissionIssues } from '../apps/app-input.ts';
import { appsWith } from '../apps/asked-app.ts';
import { databaseNow } from '../clock.ts';
import { invalid, NotFoundError, ValidationError } from '../errors.ts';
import { builder } from '../graph/builder.ts';
import { type Context, requireActor } from '../graph/context.ts';
import { mutation } from '../graph/result.ts';
import { decodeId } from '../ids.ts';
import { installPath } from './install-callback.ts';
import { sealInstallState } from './install-state.ts';
import { findInstallable } from './installation.ts';

const defaultSeconds = 3_600;
const minSeconds = 60;
const maxSeconds = 2_592_000;
const permission = { tenant: 'MANAGE_APPS', app: 'MANAGE_APP' } as const;

mutation(builder, 'createInstallLink', {
  description:
    'Makes a link to a page that shows what will be installed; a tenant’s administrator confirms with a POST and their own token. A member’s link (MANAGE_APP) is good for any tenant, one made with MANAGE_APPS for the caller’s own tenant alone. It installs once. ValidationError where the app has published nothing yet.',
  permission,
  capability: {
    records: ['App', 'AppVersion'],
    sideEffects: [],
    idempotency: 'Each call makes a link of its own. Nothing is stored until one is used.',
  },
  input: (t) => ({
    appId: t.id({ required: true, description: 'The app’s id: `app_…`.' }),
    permissions: t.stringList({
      required: true,
      description:
        'What the app will be allowed to do on the platform: at most 100 names of 1 to 100 visible ASCII characters, none twice.',
    }),
    expiresInSeconds: t.int({
      required: true,
      defaultValue: defaultSeconds,
      description: `How long the link is good: ${minSeconds} to ${maxSeconds} seconds.`,
    }),
  }),
  payload: {
    url: {
      type: 'URL',
      description: 'The link. It is no secret, but needs a token of the tenant to do anything.',
    },
    expiresAt: { type: 'DateTime', description: 'Until when it is good.' },
  },
  errors: [ValidationError, NotFoundError],
  async resolve(input, context) {
    const { appId, tenantId } = await linkedApp(context, input.appId);
    const issues = installationPermissionIssues(input.permissions);
    if (issues.length > 0) throw new ValidationError(issues);
    const { expiresInSeconds } = input;
    if (expiresInSeconds < minSeconds || expiresInSeconds > maxSeconds) {
      const message = `\`expiresInSeconds\` must be from ${minSeconds} to ${maxSeconds}.`;
      throw invalid(['expiresInSeconds'], 'OUT_OF_RANGE', message);
    }
    const expiresAt = databaseNow() + expiresInSeconds * 1000;
    const { secretBox, publicUrl } = context.services;
    const url = new URL(installPath, publicUrl());
    const { permissions } = input;
    url.searchParams.set('state', sealInstallState(secretBox, { appId, tenantId, permissions, expiresAt }));
    return { url: url.href, expiresAt: new Date(expiresAt) };
  },
});

/** The app, and the tenant that the link is bound to. An app that has published nothing is its members' alone. */
async function linkedApp(
  context: Context,
  globalId: string,
): Promise<{ appId: string; tenantId: string | null }> {
  const actor = requireActor(context);
  const id = decodeId('App', globalId);
  const appIds = await appsWith(context, permission.app);
  const tenantId = actor.permissions.has(permission.tenant) ? actor.tenantId : undefined;
  const { query } = context.services.database;
  const profile = id === undefined ? undefined : await findInstallable(query, { tenantId, appIds }, id);
  if (profile === undefined) throw new NotFoundError(globalId);
  const { appId } = profile;
  const isManaged = appIds.includes(appId);
  if (!isManaged && tenantId === undefined) throw new NotFoundError(globalId);
  if (!profile.isPublished) {
    throw invalid(['appId'], 'NOT_PUBLISHED', 'This app has no published version: it cannot be installed.');
  }
  return { appId, tenantId: isManaged ? null : (tenantId ?? null) };
}
