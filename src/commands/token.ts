import { parseArgs } from 'node:util';
import { z } from 'zod';
import { signDevelopmentToken } from '../access/development-keys.ts';
import { permissions } from '../access/permissions.ts';
import { isExternalId } from '../access/tenant-identity.ts';
import { readConfig } from '../config.ts';
import { fail } from './failure.ts';

const usage = `Prints a JWT for development.

  npm run token -- --tenant acme --permissions manage_webhooks,publish_events

  --tenant       external id of the tenant; none for a platform service
  --permissions  comma-separated: ${permissions.join(', ').toLowerCase()}
  --kind         user (default) or service
  --sub          who it is; by default developer or service
  --email        a verified address
  --expires      seconds, 3600 by default`;

const defaultExpirySeconds = '3600';

class UsageError extends Error {}

const permissionList = z.string().transform((text, context) =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
    .flatMap((name) => {
      const permission = permissions.find((known) => known === name.toUpperCase());
      if (permission !== undefined) return [permission];
      context.addIssue({ code: 'custom', message: `contains ${name}, which is not a permission` });
      return [];
    }),
);

const argumentsOf = z.object({
  tenant: z.string().refine(isExternalId, 'must be visible ASCII characters').optional(),
  permissions: permissionList.default([]),
  kind: z.enum(['user', 'service'], 'must be user or service').default('user'),
  sub: z.string().min(1, 'must not be empty').max(255, 'must have at most 255 characters').optional(),
  email: z.string().min(1, 'must not be empty').max(255, 'must have at most 255 characters').optional(),
  expires: z
    .string()
    .regex(/^[1-9]\d{0,8}$/, 'must be a number of seconds')
    .default(defaultExpirySeconds)
    .transform(Number),
});

/** `npm run token`: prints only the token on standard output, so that a shell can put it into a variable. */
async function main(): Promise<void> {
  const { tenant, permissions: granted, kind, sub, email, expires } = readArguments();
  const token = await signDevelopmentToken(readConfig(), {
    subject: sub ?? (kind === 'service' ? 'service' : 'developer'),
    kind,
    tenant,
    email,
    permissions: granted,
    expiresInSeconds: expires,
  });
  process.stdout.write(`${token}\n`);
}

function readArguments(): z.infer<typeof argumentsOf> {
  const text = { type: 'string' } as const;
  const options = { tenant: text, permissions: text, kind: text, sub: text, email: text, expires: text };
  let values: unknown;
  try {
    ({ values } = parseArgs({ options }));
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  const parsed = argumentsOf.safeParse(values);
  if (parsed.success) return parsed.data;
  throw new UsageError(
    parsed.error.issues.map((issue) => `--${issue.path.join('.')} ${issue.message}`).join('; '),
  );
}

main().catch((error: unknown) => {
  if (!(error instanceof UsageError)) return fail(error);
  process.stderr.write(`${error.message}\n\n${usage}\n`);
  process.exitCode = 1;
});
