import { randomBytes } from 'node:crypto';
import { decodeProtectedHeader, errors, jwtVerify, SignJWT } from 'jose';
import { sql } from 'kysely';
import { z } from 'zod';
import { databaseNow } from '../clock.ts';
import type { Database } from '../db/pool.ts';
import { isUuid, mintUuid } from '../ids.ts';
import type { SecretBox } from '../signing/secret-box.ts';
import type { Actor } from './actor.ts';
import { Believed } from './believed.ts';
import { clientIdOf } from './client-id.ts';
import { type AppPermission, appTokenPermissions } from './permissions.ts';
import { ProvenTokens } from './proven-tokens.ts';
import { unauthenticated } from './unauthenticated.ts';

/** The lifetime of an access token. It never outlives the client secret with which it was requested. */
const appTokenSeconds = 900;

/** The issuer, read before the token is verified. Each kind of token has its own keys. */
const tokenType = 'heliograph-app+jwt';
const algorithm = 'HS256';
const issuer = 'heliograph';
const keyBytes = 32;
/** An arbitrary number that nothing else locks. */
const keyLock = 7_203_117;
/**
 * A token with an unknown key makes us read the keys again, but at most once in this time, so that strangers cannot
 * make us read all the time.
 */
const keysEveryMs = 5_000;

/** A client secret, as a token names it. */
export type ClientSecret = Readonly<{ appId: string; id: string; expiresAt: Date | undefined }>;

type KnownApp = Readonly<{ name: string; expiresAt: Date | undefined }>;

const claims = z.object({
  app: z.string().refine(isUuid),
  secret: z.string().refine(isUuid),
  exp: z.number(),
  scope: z.string().optional(),
});

const scopesOf = (scope: string): ReadonlySet<AppPermission> =>
  new Set(appTokenPermissions.filter((permission) => scope.split(' ').includes(permission.toLowerCase())));

/**
 * The access tokens of partner apps. They are JWTs that we sign and verify ourselves. The key was generated once and
 * is stored encrypted in the database, so that every process can verify the tokens of every other. The same program
 * signs and verifies, so an HMAC is enough.
 *
 * A token depends on the client secret with which it was requested. When that secret is revoked, or the app is
 * deleted, the token stops working within 2 s, whatever its expiry says.
 */
export class AppTokens {
  readonly #database: Database;
  readonly #box: SecretBox;
  readonly #monotonicMs: () => number;
  #keys: ReadonlyMap<string, Buffer> = new Map();
  #keysReadAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;
  readonly #proven: ProvenTokens<z.infer<typeof claims>>;
  readonly #known: Believed<KnownApp | undefined>;
  /** Tokens that were signed with the same key have the same header. */
  #lastHeader = { text: '', isOfApp: false };

  constructor(options: { database: Database; secretBox: SecretBox; monotonicMs?: () => number }) {
    this.#database = options.database;
    this.#box = options.secretBox;
    this.#monotonicMs = options.monotonicMs ?? (() => performance.now());
    this.#known = new Believed({ monotonicMs: options.monotonicMs });
    this.#proven = new ProvenTokens({
      expiresAt: ({ exp }) => exp * 1000,
      monotonicMs: options.monotonicMs,
    });
  }

  /** Whether the token claims to be an app's access token. This is not verified. */
  isAppToken(token: string): boolean {
    const header = token.slice(0, Math.max(0, token.indexOf('.')));
    if (header !== this.#lastHeader.text) {
      // A copy, because a part of a text keeps the whole text in memory.
      const text = Buffer.from(header).toString();
      this.#lastHeader = { text, isOfApp: isHeaderOfApp(text) };
    }
    return this.#lastHeader.isOfApp;
  }

  /** `scopes`: the permissions of an app's token that this one is narrowed to. */
  async issue(
    secret: ClientSecret,
    scopes: readonly AppPermission[] = appTokenPermissions,
  ): Promise<{ token: string; expiresInSeconds: number }> {
    const now = Math.floor(databaseNow() / 1000);
    const end = Math.min(
      now + appTokenSeconds,
      Math.floor((secret.expiresAt?.getTime() ?? Number.MAX_VALUE) / 1000),
    );
    const { id, key } = await this.#signingKey();
    const token = await new SignJWT({
      app: secret.appId,
      secret: secret.id,
      scope: scopes.join(' ').toLowerCase(),
    })
      .setProtectedHeader({ alg: algorithm, typ: tokenType, kid: id })
      .setIssuer(issuer)
      .setSubject(clientIdOf(secret.appId))
      .setIssuedAt(now)
      .setExpirationTime(end)
      .sign(key);
    return { token, expiresInSeconds: end - now };
  }

  /** Throws UNAUTHENTICATED for a token that is invalid, expired or revoked. */
  async authenticate(token: string): Promise<Actor> {
    const { app: appId, secret, exp, scope } = await this.#proven.read(token, () => this.#verify(token));
    const app = await this.#known.recall(`${appId}/${secret}`, () => this.#find(appId, secret));
    if (app === undefined || (app.expiresAt !== undefined && app.expiresAt.getTime() <= databaseNow())) {
      throw unauthenticated('revoked');
    }
    return {
      kind: 'APP',
      actorId: clientIdOf(appId),
      label: app.name,
      permissions: new Set(),
      tenantId: undefined,
      appId,
      // A token of an earlier release does not say, and has all permissions.
      ...(scope === undefined ? {} : { appScopes: scopesOf(scope) }),
      clientSecretId: secret,
      verifiedEmail: undefined,
      expiresAt: new Date(Math.min(exp * 1000, app.expiresAt?.getTime() ?? Number.MAX_VALUE)),
    };
  }

  async #verify(token: string): Promise<z.infer<typeof claims>> {
    const kid = decodeProtectedHeader(token).kid ?? '';
    const key = await this.#verifyingKey(kid);
    if (key === undefined) throw unauthenticated('invalid');
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: [algorithm],
        typ: tokenType,
        issuer,
        requiredClaims: ['exp'],
        currentDate: new Date(databaseNow()),
      });
      return claims.parse(payload);
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw unauthenticated('expired');
      if (error instanceof errors.JOSEError || error instanceof z.ZodError) throw unauthenticated('invalid');
      throw error;
    }
  }

  async #find(appId: string, secretId: string): Promise<KnownApp | undefined> {
    const row = await this.#database.query
      .selectFrom('app_client_secret')
      .innerJoin('app', 'app.id', 'app_client_secret.app_id')
      .select(['app.name', 'app_client_secret.expires_at'])
      .where('app_client_secret.app_id', '=', appId)
      .where('app_client_secret.id', '=', secretId)
      .where('app.deleted_at', 'is', null)
      .executeTakeFirst();
    return row === undefined ? undefined : { name: row.name, expiresAt: row.expires_at ?? undefined };
  }

  async #signingKey(): Promise<{ id: string; key: Buffer }> {
    if (this.#keys.size === 0) await this.#readKeys({ make: true });
    const [newest] = [...this.#keys].slice(-1);
    if (newest === undefined) throw new Error('The key that signs access tokens is missing.');
    return { id: newest[0], key: newest[1] };
  }

  async #verifyingKey(id: string): Promise<Buffer | undefined> {
    const known = this.#keys.get(id);
    if (known !== undefined || this.#monotonicMs() - this.#keysReadAt < keysEveryMs) return known;
    await this.#readKeys({ make: false });
    return this.#keys.get(id);
  }

  #readKeys(options: { make: boolean }): Promise<void> {
    this.#reading ??= this.#loadKeys(options).finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #loadKeys({ make }: { make: boolean }): Promise<void> {
    let rows = await this.#selectKeys();
    if (rows.length === 0 && make) {
      await this.#makeKey();
      rows = await this.#selectKeys();
    }
    this.#keys = new Map(
      rows.map(({ id, sealed }) => [
        id,
        Buffer.from(this.#box.open(sealed, sealedTokenKeyPlace(id)), 'base64'),
      ]),
    );
    this.#keysReadAt = this.#monotonicMs();
  }

  #selectKeys(): Promise<{ id: string; sealed: Buffer }[]> {
    return this.#database.query.selectFrom('app_token_key').selectAll().orderBy('id').execute();
  }

  /** Generates the key once. Processes that start together wait for the lock, and then find the key of the first. */
  async #makeKey(): Promise<void> {
    const id = mintUuid();
    const sealed = this.#box.seal(randomBytes(keyBytes).toString('base64'), sealedTokenKeyPlace(id));
    await this.#database.query.transaction().execute(async (trx) => {
      await sql`select pg_advisory_xact_lock(${keyLock})`.execute(trx);
      const made = await trx.selectFrom('app_token_key').select('id').executeTakeFirst();
      if (made === undefined) await trx.insertInto('app_token_key').values({ id, sealed }).execute();
    });
  }
}

function isHeaderOfApp(header: string): boolean {
  try {
    return decodeProtectedHeader({ protected: header }).typ === tokenType;
  } catch {
    return false;
  }
}

/** The context that a sealed signing key is bound to. */
export const sealedTokenKeyPlace = (id: string) => `app_token_key/${id}`;
