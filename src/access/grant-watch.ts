import { databaseNow } from '../clock.ts';
import type { Database } from '../db/pool.ts';
import { run, type Statement, statement } from '../db/statement.ts';
import { RequestError, UnavailableError } from '../errors.ts';
import { causesOf, type Logger, warnAtTimes } from '../log.ts';
import { type Actor, creatorOf, platformOwnerId } from './actor.ts';
import { memberEmail } from './app-access.ts';
import type { AppPermission } from './permissions.ts';
import { type UnauthenticatedReason, unauthenticated } from './unauthenticated.ts';

/**
 * Ends what outlives the check of its credential: subscriptions. A credential that expires or is revoked ends its
 * own within 5 s: at most 2 s in which one that was found is still believed, at most 2 s until the next look here,
 * and the look itself. Expiry needs no look: a timer knows it. The same for what a member of a partner app follows:
 * it ends when the member is removed, or loses the permission. A user's or a service's ends when its subject's tokens
 * are called back, a console link's with what it was made with, and nobody follows the log of a suspended tenant.
 *
 * One query for each kind of grant looks at all in use, one at a time, on the engine's connections: a storm of
 * callers' queries must not put off a revocation. A grant that is no longer there counts as revoked.
 *
 * When the database does not answer, grants are kept for 30 s: nothing new can be read then, so a longer patience
 * would show nothing more and a shorter one would cut every client off at each restart of the database. After that
 * they end, because a revocation may be waiting behind the silence; with UNAVAILABLE as the reason, so that clients
 * connect again and are checked anew.
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

  /** Starts to look at what is in use. Safe to call twice. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#lookLater();
  }

  /** Stops looking; waits for a look that is under way. Grants that are still watched keep their timers. */
  async stop(): Promise<void> {
    this.#running = false;
    clearTimeout(this.#timer);
    await this.#looking;
  }

  /**
   * A signal that is aborted, with UNAUTHENTICATED as its reason, when the actor's credential expires or is revoked,
   * and with an UnavailableError when it could not be checked for too long.
   * The caller must `release` it when the subscription ends.
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
   * A signal that is aborted, with FORBIDDEN as its reason, when the user's email is no longer a member's of the app
   * with this permission, and with an UnavailableError when that could not be checked for too long. The caller must `release` it.
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
    // Stopped and started again during a look, there would otherwise be two.
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
/** Whose grant it is, and which of theirs. */
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

/** What the actor stands on that can be taken away before its time. */
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

/** setTimeout fires at once when it is asked for more than 2^31 - 1 ms (24.8 days). */
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
