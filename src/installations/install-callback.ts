import { z } from 'zod';
import type { Actor } from '../access/actor.ts';
import type { Authenticator } from '../access/authenticate.ts';
import { refusal } from '../access/route-secret.ts';
import { hintLifecycle } from '../apps/lifecycle.ts';
import type { Database } from '../db/pool.ts';
import { DomainError, RequestError } from '../errors.ts';
import { encodeId } from '../ids.ts';
import { readJson } from '../json/json-limits.ts';
import { declareRoute, type Route, type RouteRequest, type RouteResponse } from '../route.ts';
import type { SecretBox } from '../signing/secret-box.ts';
import { findTenants } from '../tenants/tenant.ts';
import { installPage, installPageHeaders, invalidLinkPage } from './install-page.ts';
import { type InstallState, openInstallState } from './install-state.ts';
import { type AppProfile, findAppProfiles } from './installation.ts';
import { useInstallLink } from './use-install-link.ts';

export const installPath = '/install/callback';

const show = declareRoute({
  method: 'GET',
  path: '/install/callback',
  description:
    'A page that shows what an install link would install, and how an administrator confirms it. It changes nothing, so link scanners may open it.',
  auth: ['INSTALL_STATE'],
  request: 'query: state, as `createInstallLink` gave it',
  response: 'text/html; 400 with a page for every link that is not valid or no longer valid',
  errors: [],
  records: ['App', 'AppVersion'],
  sideEffects: [],
  idempotency: 'It only reads.',
});

const confirm = declareRoute({
  method: 'POST',
  path: '/install/callback',
  description:
    "Installs the app of an install link for the caller's tenant. The state alone grants nothing; the tenant administrator's own credential is needed.",
  auth: ['API_KEY', 'USER', 'SERVICE', 'CONSOLE_LINK'],
  permissions: ['MANAGE_APPS'],
  request: '{"state","isSubscribed"} as application/json; the state may stand in the query instead',
  response: '200 {"installationId","appId","permissions","isSubscribed"}',
  errors: [
    'UNAUTHENTICATED',
    'FORBIDDEN',
    'BAD_USER_INPUT',
    'INVALID_STATE',
    'VALIDATION_FAILED',
    'NOT_FOUND',
    'CONFLICT',
    'UNAVAILABLE',
    'INTERNAL',
  ],
  records: ['AppInstallation', 'AuditEntry'],
  sideEffects: ['audit entry app_installation.create', "the event app.installed to the app's webhook"],
  idempotency: 'A state can be used for one installation. A repeated call answers INVALID_STATE.',
});

type Options = Readonly<{
  database: Database;
  secretBox: SecretBox;
  authenticator: Pick<Authenticator, 'authenticate'>;
  /** The base URL for clients. */
  publicUrl: () => string;
}>;

const body = z.object({ state: z.string().optional(), isSubscribed: z.boolean().default(true) });

const invalidState = refusal(400, 'INVALID_STATE', 'This install link is not valid or no longer valid.');

/**
 * The page that an install link opens, and the route that confirms it. For an invalid link neither tells what is
 * wrong with it.
 */
export function installRoutes(options: Options): readonly Route[] {
  const { database, secretBox, authenticator, publicUrl } = options;

  async function shown({ query }: RouteRequest): Promise<RouteResponse> {
    const text = query.get('state') ?? '';
    const state = openInstallState(secretBox, text);
    const profile = state === undefined ? undefined : await findInstallable(database, state);
    if (state === undefined || profile === undefined) {
      return { status: 400, headers: installPageHeaders, body: invalidLinkPage };
    }
    const asked = {
      permissions: state.permissions,
      expiresAt: new Date(state.expiresAt),
      url: publicUrl() + installPath,
      state: text,
    };
    return { status: 200, headers: installPageHeaders, body: installPage(profile, asked) };
  }

  async function confirmed(request: RouteRequest): Promise<RouteResponse> {
    const actor = await administratorOf(request, authenticator);
    const read = body.safeParse(readBody(request.body));
    if (!read.success) throw new RequestError('BAD_USER_INPUT', 'Send {"state":…} as JSON.');
    const state = openInstallState(secretBox, read.data.state ?? request.query.get('state') ?? '');
    const [tenant] = await findTenants(database, [actor.tenantId]);
    if (state === undefined || tenant === undefined) return invalidState;
    const by = { actor: actor.actor, requestId: request.requestId };
    const installer = { tenantId: tenant.id, externalId: tenant.externalId, by };
    const { isSubscribed } = read.data;
    const installation = await database.query
      .transaction()
      .execute((trx) => useInstallLink(trx, state, { installer, isSubscribed }));
    if (installation === undefined) return invalidState;
    hintLifecycle(database, state.appId);
    return {
      status: 200,
      body: {
        installationId: encodeId('AppInstallation', installation.id),
        appId: encodeId('App', installation.app_id),
        permissions: installation.permissions,
        isSubscribed: installation.is_subscribed,
      },
    };
  }

  return [show(shown), confirm((request) => confirmed(request).catch(asRefusal))];
}

/** Throws UNAUTHENTICATED or FORBIDDEN. */
async function administratorOf(
  { headersDistinct }: RouteRequest,
  authenticator: Pick<Authenticator, 'authenticate'>,
): Promise<{ actor: Actor; tenantId: string }> {
  const { authorization = [], 'heliograph-tenant': tenant } = headersDistinct;
  const actor =
    authorization.length === 1
      ? await authenticator.authenticate({
          authorization: authorization[0],
          tenantHeader: tenant?.join(', '),
        })
      : undefined;
  if (actor === undefined) {
    throw new RequestError('UNAUTHENTICATED', 'Send a credential: `authorization: Bearer <token>`.');
  }
  if (!actor.permissions.has('MANAGE_APPS') || actor.tenantId === undefined) {
    throw new RequestError(
      'FORBIDDEN',
      'This needs a credential of a tenant with the permission MANAGE_APPS.',
    );
  }
  return { actor, tenantId: actor.tenantId };
}

const statusOf: Record<string, number> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
};

function asRefusal(error: unknown): RouteResponse {
  if (!(error instanceof RequestError || error instanceof DomainError)) throw error;
  const refused = refusal(statusOf[error.code] ?? 400, error.code, error.message);
  return error.code === 'UNAUTHENTICATED'
    ? { ...refused, headers: { 'www-authenticate': 'Bearer' } }
    : refused;
}

async function findInstallable(database: Database, state: InstallState): Promise<AppProfile | undefined> {
  const used = await database.query
    .selectFrom('install_link_used')
    .select('id')
    .where('id', '=', state.id)
    .executeTakeFirst();
  if (used !== undefined) return undefined;
  const [profile] = await findAppProfiles(database.query, [state.appId]);
  return profile?.isPublished === true && !profile.isDeleted ? profile : undefined;
}

/** An empty body means that everything is in the query. */
const readBody = (bytes: Buffer) => (bytes.toString().trim() === '' ? {} : readJson(bytes));
