import type { Statement } from '../db/placement.ts';
import type { Database } from '../db/pool.ts';
import { run, statement } from '../db/statement.ts';
import { RequestError, UnavailableError } from '../errors.ts';
import { causesOf, type Logger, warnAtTimes } from '../log.ts';
import { type Actor, creatorOf, platformOwnerId } from './actor.ts';
import { memberEmail } from './app-access.ts';
import { Ending, type EndSignal } from './ending.ts';
import { Expiries } from './expiries.ts';
import type { AppPermission } from './permissions.ts';
import { type UnauthenticatedReason, unauthenticated } from './unauthenticated.ts';

/**
 * Ends subscriptions whose credential is no longer valid. When a credential expires or is revoked, its subscriptions
 * end within 5 s: a previous result is kept for at most 2 s, the next check here comes at most 2 s later, and the
 * check itself takes some time. Expiry needs no query, because it is known beforehand. The same holds for the
 * subscriptions of an app's member, who may be removed or lose the permission. A user's or service's subscriptions
 * end when its tokens are revoked, those of a console link when its creator's credential ends, and nobody can follow
 * the log of a suspended tenant.
 *
 * One query for each kind of grant checks all grants in use, one at a time, on the engine's connections, so that many
 * queries of callers cannot delay a revocation. A grant that no longer exists counts as revoked.
 *
 * If the database does not answer, grants are kept for 30 s. Nothing new can be read during that time, so a longer
 * period would show nothing more, and a shorter one would disconnect every client at each restart of the database.
 * After that the subscriptions end with UNAVAILABLE, because a revocation may have been missed. Clients then connect
 * again and are authenticated again.
 */
export class GrantWatch {
  readonly #database: Database;
  readonly #logger: Logger;
  readonly #lookEveryMs: number;
  readonly #patienceMs: number;
  readonly #watched = new Map<string, WatchedGrant>();
  readonly #expiries = new Expiries();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #running = false;

  constructor(options: {
    database: Database;
    logger: Logger;
    lookEveryMs?: number;
    patienceMs?: number;
  }) {
    this.#database = options.database;
    this.#logger = options.logger;
    this.#lookEveryMs = options.lookEveryMs ?? 2_000;
    this.#patienceMs = options.patienceMs ?? 30_000;
  }

  /** Starts the checks. It is safe to call it twice. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#lookLater();
  }

  /** Stops the checks and waits for one that is running. Grants that are still watched expire as before. */
  async stop(): Promise<void> {
    this.#running = false;
    clearTimeout(this.#timer);
    await this.#looking;
  }

  /**
   * A signal that is aborted, with UNAUTHENTICATED as its reason, when the actor's credential expires or is revoked,
   * and with an UnavailableError when it could not be checked for too long. The caller must `release` it when the
   * subscription ends.
   */
  watch(actor: Actor): Grant {
    const grant = new GrantInUse(
      this,
      keysOf(actor).map((key) => this.#watchedGrant(key)),
      (why) => (why instanceof UnavailableError ? why : unauthenticated(why)),
    );
    if (actor.expiresAt !== undefined) this.#expiries.add(grant, actor.expiresAt.getTime());
    return grant;
  }

  /**
   * A signal that is aborted, with FORBIDDEN as its reason, when the user's email no longer belongs to a member of
   * the app with this permission, and with an UnavailableError when that could not be checked for too long. The
   * caller must `release` it.
   */
  watchMember(member: Readonly<{ appId: string; email: string; permission: AppPermission }>): Grant {
    const name = `${member.permission} ${memberEmail(member.email)}`;
    const key = this.#watchedGrant({ kind: 'member', owner: member.appId, name });
    return new GrantInUse(this, [key], (why) =>
      why instanceof UnavailableError ? why : noLongerMember(member.permission),
    );
  }

  #watchedGrant(key: GrantKey): WatchedGrant {
    const place = `${key.kind}/${key.owner}/${key.name}`;
    const known = this.#watched.get(place);
    if (known !== undefined) return known;
    const made = { ...key, place, confirmedAt: performance.now(), grants: new Set<GrantInUse>() };
    this.#watched.set(place, made);
    return made;
  }

  /** The grant's own: nobody needs it any more. */
  leave(grant: GrantInUse, watched: readonly WatchedGrant[]): void {
    this.#expiries.delete(grant);
    for (const one of watched) {
      one.grants.delete(grant);
      if (one.grants.size === 0 && this.#watched.get(one.place) === one) this.#watched.delete(one.place);
    }
  }

  #lookLater(): void {
    // Otherwise a stop and a start during a check would leave two loops.
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#looking = this.#look().then(() => {
        if (this.#running) this.#lookLater();
      });
    }, this.#lookEveryMs);
  }

  async #look(): Promise<void> {
    for (const kind of kinds) await this.#lookAt(kind);
  }

  async #lookAt(kind: GrantKind): Promise<void> {
    const asked = [...this.#watched.values()].filter((grant) => grant.kind === kind);
    if (asked.length === 0) return;
    const startedAt = performance.now();
    try {
      const rows = await run<GrantState>(this.#database, this.#database.engine, statements[kind], [
        asked.map(({ owner }) => owner),
        asked.map(({ name }) => name),
      ]);
      const states = new Map(rows.map((row) => [`${kind}/${row.owner}/${row.name}`, row]));
      for (const grant of asked) {
        const reason = verdictOn(states.get(grant.place));
        if (reason === undefined) grant.confirmedAt = startedAt;
        else this.#end(grant, reason);
      }
    } catch (error) {
      warnAtTimes(this.#logger, { error: causesOf(error) }, 'could not check the credentials in use');
      for (const grant of asked) {
        if (performance.now() - grant.confirmedAt < this.#patienceMs) continue;
        this.#end(grant, new UnavailableError(uncheckedMessage));
      }
    }
  }

  #end(grant: WatchedGrant, why: Why): void {
    this.#watched.delete(grant.place);
    for (const one of grant.grants) one.end(why);
  }
}

type Why = UnauthenticatedReason | UnavailableError;

/** A credential or membership in use. */
export type Grant = Readonly<{
  ending: EndSignal;
  /** For functions of Node. It is aborted with the same reason as `ending`. */
  signal: AbortSignal;
  release(): void;
}>;

/** It is one object for each subscriber, so it has no functions of its own. */
class GrantInUse implements Grant {
  readonly ending = new Ending();
  readonly #watch: Pick<GrantWatch, 'leave'>;
  readonly #watched: readonly WatchedGrant[];
  readonly #reasonFor: (why: Why) => Error;

  constructor(
    watch: Pick<GrantWatch, 'leave'>,
    watched: readonly WatchedGrant[],
    reasonFor: (why: Why) => Error,
  ) {
    this.#watch = watch;
    this.#watched = watched;
    this.#reasonFor = reasonFor;
    for (const one of watched) one.grants.add(this);
  }

  get signal(): AbortSignal {
    return this.ending.signal;
  }

  end(why: Why): void {
    this.ending.end(this.#reasonFor(why));
  }

  release(): void {
    this.#watch.leave(this, this.#watched);
  }
}

const uncheckedMessage = 'The credential could not be checked for some time. Connect again.';

const noLongerMember = (permission: AppPermission) =>
  new RequestError('FORBIDDEN', 'You are no longer allowed to see this app.', {
    permission,
    appPermission: permission,
  });

type GrantKind = 'key' | 'client' | 'member' | 'subject' | 'tenant';
/** The owner of the grant, and which of the owner's grants it is. */
type GrantKey = Readonly<{ kind: GrantKind; owner: string; name: string }>;
type WatchedGrant = GrantKey & {
  readonly place: string;
  confirmedAt: number;
  readonly grants: Set<GrantInUse>;
};
type GrantState = { owner: string; name: string; revoked: boolean; expired: boolean };

const kinds: readonly GrantKind[] = ['key', 'client', 'member', 'subject', 'tenant'];

const statements: Readonly<Record<GrantKind, Statement>> = {
  key: statement(
    'watched_api_keys',
    `select tenant_id as owner, id as name, revoked_at is not null as revoked,
            coalesce(expires_at <= now(), false) as expired
       from unnest($1::uuid[], $2::uuid[]) as watched (tenant_id, id)
       join api_key using (tenant_id, id)`,
  ),
  client: statement(
    'watched_client_secrets',
    `select app_id as owner, s.id as name, a.deleted_at is not null or coalesce(expires_at <= now(), false) as revoked,
            false as expired
       from unnest($1::uuid[], $2::uuid[]) as watched (app_id, id)
       join app_client_secret s using (app_id, id)
       join app a on a.id = app_id`,
  ),
  member: statement(
    'watched_members',
    `select m.app_id as owner, watched.name, a.deleted_at is not null as revoked, false as expired
       from unnest($1::uuid[], $2::text[]) as watched (app_id, name)
       join app_member m on m.app_id = watched.app_id and m.email = substr(name, strpos(name, ' ') + 1)
                        and split_part(name, ' ', 1) = any(m.permissions)
       join app a on a.id = m.app_id`,
  ),
  subject: statement(
    'watched_subjects',
    `select watched.owner, watched.name,
            coalesce(nullif(split_part(watched.name, ' ', 1), '')::timestamptz <= r.not_before, r.subject is not null) as revoked,
            false as expired
       from unnest($1::uuid[], $2::text[]) as watched (owner, name)
       left join revoked_subject r on r.subject = substr(watched.name, strpos(watched.name, ' ') + 1)`,
  ),
  tenant: statement(
    'watched_tenants',
    `select t.id as owner, watched.name, t.suspended_at is not null as revoked, false as expired
       from unnest($1::uuid[], $2::text[]) as watched (id, name)
       join tenant t on t.id = watched.id`,
  ),
};

/** The credentials under the actor that can be revoked before they expire. */
function keysOf(actor: Actor): GrantKey[] {
  const keys: GrantKey[] = [];
  if (actor.kind === 'APP' && actor.appId !== undefined && actor.clientSecretId !== undefined) {
    keys.push({ kind: 'client', owner: actor.appId, name: actor.clientSecretId });
  }
  const standsOn = creatorOf(actor);
  if (standsOn?.kind === 'API_KEY') {
    if (actor.tenantId === undefined) throw new Error('An API key always belongs to a tenant.');
    keys.push({ kind: 'key', owner: actor.tenantId, name: standsOn.id });
  }
  if (standsOn?.kind === 'SUBJECT') {
    const issuedAt = standsOn.issuedAt?.toISOString() ?? '';
    keys.push({ kind: 'subject', owner: platformOwnerId, name: `${issuedAt} ${standsOn.subject}` });
  }
  if (actor.tenantId !== undefined) keys.push({ kind: 'tenant', owner: actor.tenantId, name: 'active' });
  return keys;
}

function verdictOn(state: GrantState | undefined): UnauthenticatedReason | undefined {
  if (state === undefined || state.revoked) return 'revoked';
  return state.expired ? 'expired' : undefined;
}
