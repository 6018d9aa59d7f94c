import type { Transaction } from 'kysely';
import type { By } from '../access/actor.ts';
import { memberEmail } from '../access/app-access.ts';
import { appPermissions } from '../access/permissions.ts';
import { appendAudit } from '../audit/append-audit.ts';
import { ConflictError, ValidationError } from '../errors.ts';
import { mintUuid } from '../ids.ts';
import type { TenantLimits } from '../limits/tenant-limits.ts';
import type { SigningSecrets } from '../sending/signing-secrets.ts';
import type { Tables } from '../tables.ts';
import type { App } from './app.ts';
import { emailIssues, nameIssues, sourceIssues } from './app-input.ts';
import { createClientSecret } from './client-secrets.ts';

export type CreateAppInput = Readonly<{
  name: string;
  source: string;
  ownerEmail?: string | null | undefined;
}>;

/**
 * Creates an app of the tenant, with the head of its log (without which nothing of it could be logged), its first
 * member, who gets every permission, and its two secrets. Both secrets are returned here and never again. The
 * webhook's secret signs from the first `setAppWebhook` on.
 */
export async function createApp(
  trx: Transaction<Tables>,
  { secrets, limits }: { secrets: SigningSecrets; limits: TenantLimits },
  { tenantId, input, by }: { tenantId: string; input: CreateAppInput; by: By },
): Promise<{ app: App; clientSecret: string; webhookSecret: string }> {
  const email = input.ownerEmail ?? (by.actor.kind === 'USER' ? by.actor.verifiedEmail : undefined);
  const issues = [
    ...nameIssues(input.name),
    ...sourceIssues(input.source),
    ...(email === undefined ? [noOwner] : emailIssues(email, 'ownerEmail')),
  ];
  if (issues.length > 0 || email === undefined) throw new ValidationError(issues);
  await limits.admit(trx, { thing: 'apps', ownerId: tenantId, count: () => countApps(trx, tenantId) });

  const app = await trx
    .insertInto('app')
    .values({
      id: mintUuid(),
      tenant_id: tenantId,
      name: input.name.trim(),
      source: input.source,
      webhook_id: mintUuid(),
    })
    .onConflict((conflict) => conflict.column('source').where('deleted_at', 'is', null).doNothing())
    .returningAll()
    .executeTakeFirst();
  if (app === undefined) throw new ConflictError('There is an app with this source already.');
  await trx.insertInto('owner_log').values({ owner_id: app.id }).execute();
  await trx.insertInto('app_count').values({ app_id: app.id }).execute();
  await trx
    .insertInto('app_member')
    .values({ app_id: app.id, id: mintUuid(), email: memberEmail(email), permissions: [...appPermissions] })
    .execute();
  const client = await createClientSecret(trx, app.id);
  const webhook = await secrets.create(trx, { ownerId: app.id, endpointId: app.webhook_id });
  await appendAudit(trx, {
    ownerId: tenantId,
    ...by,
    action: 'app.create',
    targetType: 'App',
    targetId: app.id,
    changes: { name: app.name, source: app.source, ownerEmail: memberEmail(email) },
  });
  return { app, clientSecret: client.secret, webhookSecret: webhook.secret };
}

async function countApps(trx: Transaction<Tables>, tenantId: string): Promise<number> {
  const { count } = await trx
    .selectFrom('app')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('tenant_id', '=', tenantId)
    .where('deleted_at', 'is', null)
    .executeTakeFirstOrThrow();
  return count;
}

const noOwner = {
  path: ['ownerEmail'],
  code: 'REQUIRED',
  message: 'Give the email of the first member. Only a user with a verified email may leave it out.',
};
