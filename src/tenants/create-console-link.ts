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
 * Makes a link to the console for somebody who has no account: it can do at most what its creator can, in the name
 * of the creator's tenant, and nothing that reaches beyond it. It ends with what its creator stands on, and where that
 * is an API key or another link, never after it. The token stands in the URL's fragment, which no browser sends.
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
  // Whoever holds a permission of a tenant has one.
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

/** A JWT is short-lived and renewed: what is made with one lasts on, until its subject's tokens are called back. */
function lastsUntil({ kind, expiresAt }: Actor): number {
  const isBound = kind === 'API_KEY' || kind === 'CONSOLE_LINK';
  return isBound && expiresAt !== undefined ? expiresAt.getTime() : Number.POSITIVE_INFINITY;
}

const badPath: ValidationIssue = {
  path: ['path'],
  code: 'INVALID_PATH',
  message: `\`path\` must begin with ${consolePath}, have at most ${maxConsolePathLength} characters and no fragment, for example ${consolePath}/deliveries?status=FAILED.`,
};

/** Undefined for a path that leads out of the console, whatever way it takes. */
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
