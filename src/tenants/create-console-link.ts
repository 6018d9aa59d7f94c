import type { Transaction } from 'kysely';
import { type Actor, creatorOf } from '../access/actor.ts';
import type { ConsoleLinks } from '../access/console-links.ts';
import { type Permission, permissions, platformPermissions } from '../access/permissions.ts';
import { appendAudit } from '../audit/append-audit.ts';
import { databaseNow } from '../clock.ts';
import { badUserInput, ValidationError, type ValidationIssue } from '../errors.ts';
import type { Tables } from '../tables.ts';

export const minConsoleLinkSeconds = 1;
export const maxConsoleLinkSeconds = 86_400;
export const maxConsolePathLength = 2_000;
const consolePath = '/console';

export type CreateConsoleLinkInput = Readonly<{
  permissions: readonly Permission[];
  expiresInSeconds: number;
  path?: string | null | undefined;
}>;

/**
 * Creates a link to the console for a person without an account. The link acts for the creator's tenant. It can have
 * only permissions of its creator, and none that apply to more than one tenant. It ends when its creator's credential
 * is revoked, and if that is an API key or another link, it never outlasts it. The token is in the URL's fragment,
 * which browsers do not send.
 */
export async function createConsoleLink(
  trx: Transaction<Tables>,
  input: CreateConsoleLinkInput,
  by: Readonly<{
    tenantId: string;
    actor: Actor;
    requestId: string | undefined;
    links: Pick<ConsoleLinks, 'issue'>;
    publicUrl: string;
  }>,
): Promise<{ id: string; url: string; expiresAt: Date }> {
  const { actor, tenantId } = by;
  const creator = creatorOf(actor);
  // A caller with a permission of a tenant always has a tenant.
  if (creator === undefined)
    throw badUserInput('This kind of credential cannot create links to the console.');
  const url = consoleUrl(input.path, by.publicUrl);
  const issues = [...issuesOf(input, actor), ...(url === undefined ? [badPath] : [])];
  if (url === undefined || issues.length > 0) throw new ValidationError(issues);

  const expiresAt = new Date(Math.min(databaseNow() + input.expiresInSeconds * 1000, lastsUntil(actor)));
  const granted = permissions.filter((permission) => input.permissions.includes(permission));
  const label = actor.label.slice(0, maxLabelLength);
  const { id, token } = by.links.issue({ tenantId, permissions: granted, creator, by: label, expiresAt });
  url.hash = `token=${token}`;
  await appendAudit(trx, {
    ownerId: tenantId,
    actor,
    requestId: by.requestId,
    action: 'console_link.create',
    targetType: 'ConsoleLink',
    targetId: id,
    changes: { permissions: granted, expiresAt, path: url.pathname },
  });
  return { id, url: url.href, expiresAt };
}

const maxLabelLength = 255;

/** A JWT is short-lived and renewed, so links that it creates last until the tokens of its subject are revoked. */
function lastsUntil({ kind, expiresAt }: Actor): number {
  const isBound = kind === 'API_KEY' || kind === 'CONSOLE_LINK';
  return isBound && expiresAt !== undefined ? expiresAt.getTime() : Number.POSITIVE_INFINITY;
}

const badPath: ValidationIssue = {
  path: ['path'],
  code: 'INVALID_PATH',
  message: `\`path\` must begin with ${consolePath}, have at most ${maxConsolePathLength} characters and no fragment, for example ${consolePath}/deliveries?status=FAILED.`,
};

/** Undefined for a path that leads out of the console by any route. */
function consoleUrl(path: string | null | undefined, publicUrl: string): URL | undefined {
  const asked = path ?? consolePath;
  const isPlain = asked.startsWith(consolePath) && /^[\x21-\x7e]+$/.test(asked) && !/[#\\]/.test(asked);
  if (!isPlain || asked.length > maxConsolePathLength) return undefined;
  const url = new URL(asked, publicUrl);
  return url.pathname === consolePath || url.pathname.startsWith(`${consolePath}/`) ? url : undefined;
}

function issuesOf({ permissions: asked, expiresInSeconds }: CreateConsoleLinkInput, creator: Actor) {
  const issues: ValidationIssue[] = [];
  if (asked.length === 0) {
    issues.push({ path: ['permissions'], code: 'EMPTY', message: 'A link needs at least one permission.' });
  }
  for (const [index, permission] of asked.entries()) {
    const path = ['permissions', index];
    if (platformPermissions.includes(permission)) {
      const message = `${permission} applies to more than one tenant, so a link to the console cannot have it.`;
      issues.push({ path, code: 'PERMISSION_NOT_FOR_LINKS', message });
    } else if (!creator.permissions.has(permission)) {
      const message = `You do not have ${permission} yourself, so you cannot give it to a link.`;
      issues.push({ path, code: 'PERMISSION_NOT_HELD', message });
    }
  }
  if (expiresInSeconds < minConsoleLinkSeconds || expiresInSeconds > maxConsoleLinkSeconds) {
    const message = `\`expiresInSeconds\` must be from ${minConsoleLinkSeconds} to ${maxConsoleLinkSeconds}.`;
    issues.push({ path: ['expiresInSeconds'], code: 'OUT_OF_RANGE', message });
  }
  return issues;
}
