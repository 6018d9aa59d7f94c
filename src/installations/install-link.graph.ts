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
    'Creates a link to a page that shows what will be installed. A tenant’s administrator confirms with a POST and their own token. A link that a member creates (MANAGE_APP) works for any tenant; a link created with MANAGE_APPS works only for the caller’s own tenant. A link can be used for one installation. An app without a published version is a ValidationError.',
  permission,
  capability: {
    records: ['App', 'AppVersion'],
    sideEffects: [],
    idempotency: 'Each call creates a new link. Nothing is stored until a link is used.',
  },
  input: (t) => ({
    appId: t.id({ required: true, description: 'The app’s id: `app_…`.' }),
    permissions: t.stringList({
      required: true,
      description:
        'The permissions that the app will get on the platform: at most 100 different names of 1 to 100 visible ASCII characters.',
    }),
    expiresInSeconds: t.int({
      required: true,
      defaultValue: defaultSeconds,
      description: `How long the link works: ${minSeconds} to ${maxSeconds} seconds.`,
    }),
  }),
  payload: {
    url: {
      type: 'URL',
      description: 'The link. It is not a secret: nothing can be done with it without a token of the tenant.',
    },
    expiresAt: { type: 'DateTime', description: 'When it stops working.' },
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

/** The app, and the tenant that the link is bound to. Only members can see an app without a published version. */
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
    throw invalid(
      ['appId'],
      'NOT_PUBLISHED',
      'This app has no published version, so it cannot be installed.',
    );
  }
  return { appId, tenantId: isManaged ? null : (tenantId ?? null) };
}
