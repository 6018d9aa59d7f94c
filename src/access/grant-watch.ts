import { databaseNow } from '../clock.ts';
import type { Statement } from '../db/placement.ts';
import type { Database } from '../db/pool.ts';
import { run, statement } from '../db/statement.ts';
import { RequestError, UnavailableError } from '../errors.ts';
import { causesOf, type Logger, warnAtTimes } from '../log.ts';
import { type Actor, creatorOf, platformOwnerId } from './actor.ts';
import { memberEmail } from './app-access.ts';
import type { AppPermission } from './permissions.ts';
import { type UnauthenticatedReason, unauthenticated } from './unauthenticated.ts';

/**
 * Ends subscriptions whose credential is no longer valid. When a credential expires or is revoked, its subscriptions
 * end within 5 s: a previous result is kept for at most 2 s, the next check here comes at most 2 s later, and the
 * check itself takes some time. Expiry needs no check, because a timer handles it. The same holds for the
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

  /** Stops the checks and waits for one that is running. Grants that are still watched keep their timers. */
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
    const ending = new AbortController();
    const end: EndGrant = (why) => ending.abort(why instanceof UnavailableError ? why : unauthenticated(why));
    const stopTimer = at(actor.expiresAt, () => end('expired'));
    const leaves = keysOf(actor).map((key) => this.#join(key, end));
    return {
      signal: ending.signal,
      release() {
        stopTimer();
        for (const leave of leaves) leave();
      },
    };
  }

  /**
   * A signal that is aborted, with FORBIDDEN as its reason, when the user's email no longer belongs to a member of
   * the app with this permission, and with an UnavailableError when that could not be checked for too long. The
   * caller must `release` it.
   */
  watchMember(member: Readonly<{ appId: string; email: string; permission: AppPermission }>): Grant {
    const ending = new AbortController();
    const leave = this.#join(
      { kind: 'member', owner: member.appId, name: `${member.permission} ${memberEmail(member.email)}` },
      (why) => ending.abort(why instanceof UnavailableError ? why : noLongerMember(member.permission)),
    );
    return { signal: ending.signal, release: leave };
  }

  #join(key: GrantKey, end: EndGrant): () => void {
    const place = `${key.kind}/${key.owner}/${key.name}`;
    const grant = this.#watched.get(place) ?? {
      ...key,
      place,
      confirmedAt: performance.now(),
      ends: new Set(),
    };
    this.#watched.set(place, grant);
    grant.ends.add(end);
    return () => {
      grant.ends.delete(end);
      if (grant.ends.size === 0 && this.#watched.get(place) === grant) this.#watched.delete(place);
    };
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

  #end(grant: WatchedGrant, why: UnauthenticatedReason | UnavailableError): void {
    this.#watched.delete(grant.place);
    for (const end of grant.ends) end(why);
  }
}

export type Grant = Readonly<{ signal: AbortSignal; release(): void }>;

const uncheckedMessage = 'The credential could not be checked for some time. Connect again.';

const noLongerMember = (permission: AppPermission) =>
  new RequestError('FORBIDDEN', 'You are no longer allowed to see this app.', {
    permission,
    appPermission: permission,
  });

type EndGrant = (why: UnauthenticatedReason | UnavailableError) => void;
type GrantKind = 'key' | 'client' | 'member' | 'subject' | 'tenant';
/** The owner of the grant, and which of the owner's grants it is. */
type GrantKey = Readonly<{ kind: GrantKind; owner: string; name: string }>;
type WatchedGrant = GrantKey & { readonly place: string; confirmedAt: number; readonly ends: Set<EndGrant> };
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

/** setTimeout fires at once for more than 2^31 - 1 ms (24.8 days). */
const longestTimerMs = 2_147_483_647;

function at(time: Date | undefined, act: () => void): () => void {
  if (time === undefined) return () => undefined;
  let timer: NodeJS.Timeout;
  const arm = () => {
    const left = time.getTime() - databaseNow();
    timer = left > longestTimerMs ? setTimeout(arm, longestTimerMs) : setTimeout(act, Math.max(0, left));
  };
  arm();
  return () => clearTimeout(timer);
}
