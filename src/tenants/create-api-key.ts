import type { Transaction } from 'kysely';
import type { Actor } from '../access/actor.ts';
import { makeApiKeyToken } from '../access/api-key-token.ts';
import { type Permission, permissions, platformPermissions } from '../access/permissions.ts';
import { appendAudit } from '../audit/append-audit.ts';
import { databaseNow } from '../clock.ts';
import { ValidationError, type ValidationIssue } from '../errors.ts';
import { mintUuid } from '../ids.ts';
import type { TenantLimits } from '../limits/tenant-limits.ts';
import type { Tables } from '../tables.ts';
import { isLine, lineRule } from '../text.ts';
import { type ApiKey, toApiKey } from './api-key.ts';

export const maxApiKeyNameLength = 100;

export type CreateApiKeyInput = Readonly<{
  name: string;
  permissions: readonly Permission[];
  expiresAt?: Date | null | undefined;
}>;

/**
 * Creates a key of the tenant. It can have only permissions of its creator, and none that apply to more than one
 * tenant. `key` is the credential itself: it is returned here and not stored.
 */
export async function createApiKey(
  trx: Transaction<Tables>,
  input: CreateApiKeyInput,
  by: Readonly<{ tenantId: string; actor: Actor; requestId: string | undefined; limits: TenantLimits }>,
): Promise<{ apiKey: ApiKey; key: string }> {
  const issues = issuesOf(input, by.actor);
  if (issues.length > 0) throw new ValidationError(issues);
  const { tenantId: ownerId, limits } = by;
  await limits.admit(trx, { thing: 'apiKeys', ownerId, count: () => countLiveKeys(trx, ownerId) });

  const { token, prefix, lastFour, hash } = makeApiKeyToken();
  const row = await trx
    .insertInto('api_key')
    .values({
      tenant_id: by.tenantId,
      id: mintUuid(),
      name: input.name.trim(),
      permissions: permissions.filter((permission) => input.permissions.includes(permission)),
      prefix,
      last_four: lastFour,
      token_hash: hash,
      expires_at: input.expiresAt ?? null,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  const apiKey = toApiKey(row);
  await appendAudit(trx, {
    ownerId: by.tenantId,
    actor: by.actor,
    requestId: by.requestId,
    action: 'api_key.create',
    targetType: 'ApiKey',
    targetId: apiKey.id,
    changes: {
      name: apiKey.name,
      permissions: apiKey.permissions,
      expiresAt: apiKey.expiresAt,
      ...onBehalfOf(by.actor),
    },
  });
  return { apiKey, key: token };
}

/** The user who created the console link that creates the key. When that user is deleted, the key is revoked, too. */
function onBehalfOf({ linkCreator }: Actor): { onBehalfOf?: string } {
  return linkCreator?.kind === 'SUBJECT' ? { onBehalfOf: linkCreator.subject } : {};
}

function issuesOf(input: CreateApiKeyInput, creator: Actor): ValidationIssue[] {
  const issues: ValidationIssue[] = [];
  const name = input.name.trim();
  if (!isLine(name, maxApiKeyNameLength)) {
    issues.push({
      path: ['name'],
      code: 'INVALID_NAME',
      message: `The name ${lineRule(maxApiKeyNameLength)}.`,
    });
  }
  if (input.permissions.length === 0) {
    issues.push({ path: ['permissions'], code: 'EMPTY', message: 'A key needs at least one permission.' });
  }
  for (const [index, permission] of input.permissions.entries()) {
    const path = ['permissions', index];
    if (platformPermissions.includes(permission)) {
      const message = `${permission} applies to more than one tenant, so an API key cannot have it.`;
      issues.push({ path, code: 'PERMISSION_NOT_FOR_KEYS', message });
    } else if (!creator.permissions.has(permission)) {
      const message = `You do not have ${permission} yourself, so you cannot give it to a key.`;
      issues.push({ path, code: 'PERMISSION_NOT_HELD', message });
    }
  }
  if (input.expiresAt != null && input.expiresAt.getTime() <= databaseNow()) {
    issues.push({
      path: ['expiresAt'],
      code: 'NOT_IN_FUTURE',
      message: '`expiresAt` must be in the future.',
    });
  }
  return issues;
}

/** Those that are neither revoked nor expired. */
async function countLiveKeys(trx: Transaction<Tables>, tenantId: string): Promise<number> {
  const { live } = await trx
    .selectFrom('api_key')
    .select(({ fn }) => fn.countAll<number>().as('live'))
    .where('tenant_id', '=', tenantId)
    .where('revoked_at', 'is', null)
    .where((where) =>
      where.or([where('expires_at', 'is', null), where('expires_at', '>', new Date(databaseNow()))]),
    )
    .executeTakeFirstOrThrow();
  return live;
}
