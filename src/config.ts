import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join, resolve } from 'node:path';
import { z } from 'zod';

/**
 * Everything that can be set from outside, read once at the start from the environment. A value that is not
 * understood stops the start with a sentence that names it: nothing is guessed. The README describes each.
 */
export type Config = Readonly<{
  production: boolean;
  port: number;
  host: string;
  /** Undefined: an embedded PostgreSQL under `dataDir` is started. */
  databaseUrl: string | undefined;
  /** For LISTEN, leases and migrations: a connection that no pooler in transaction mode stands before. */
  databaseDirectUrl: string | undefined;
  dataDir: string;
  role: 'all' | 'api' | 'worker';
  jwt: Readonly<{ issuer: string; audience: string; jwksUrl: string | undefined; jwks: string | undefined }>;
  secretsKeys: string | undefined;
  egressAllow: readonly string[];
  requireVerification: boolean;
  /** Seconds before each attempt: its length is the number of attempts. */
  retrySchedule: readonly number[];
  deliveryTimeoutMs: number;
  verifyTimeoutMs: number;
  maxResponseBytes: number;
  retentionDays: number;
  cronSecret: string | undefined;
  authHookSecret: string | undefined;
  testControlSecret: string | undefined;
  allowedOrigins: readonly string[];
  logLevel: string;
  publicUrl: string | undefined;
  smtpUrl: string | undefined;
  dnsServers: readonly string[];
  preparedStatements: boolean;
  trustedDocumentsOnly: boolean;
  rateLimitPerMinute: number;
  maxSubscriptionsPerActor: number;
  maxConnectionsPerActor: number;
  maxAnonymousConnections: number;
  maxAnonymousConnectionsPerAddress: number;
}>;

const manifest: { version: string } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
);

/** The program's version, as receivers see it in `user-agent`. */
export const version = manifest.version;

/** Standard Webhooks' recommended schedule: at once, then 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h. */
const standardSchedule = '0,5,300,1800,7200,18000,36000,50400,72000,86400';
export const maxAttempts = 50;
const daySeconds = 86_400;

export class ConfigError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ConfigError';
  }
}

const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be from ${min} to ${max}`);

const boolean = z.enum(['true', 'false'], 'must be true or false').transform((value) => value === 'true');

const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);

const url = (...protocols: string[]) =>
  z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), {
    message: `must be a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  });

const secret = z.string().min(8, 'must have at least 8 characters');

const schedule = list
  .refine(
    (parts) =>
      parts.length > 0 &&
      parts.length <= maxAttempts &&
      parts.every((part) => /^\d{1,7}(\.\d{1,3})?$/.test(part)),
    `must be 1 to ${maxAttempts} comma-separated numbers of seconds`,
  )
  .transform((parts) => parts.map(Number));

const cidrs = list.refine(
  (parts) => parts.every(isCidr),
  'must be comma-separated CIDRs such as 127.0.0.1/32 or fd00::/8',
);

const dnsServers = list.refine(
  (parts) => parts.every(isServerAddress),
  'must be comma-separated addresses with ports, such as 10.0.0.2:53',
);

const environment = z.object({
  NODE_ENV: z
    .enum(['production', 'development', 'test'], 'must be production, development or test')
    .optional(),
  PORT: integer(0, 65_535).default(4000),
  HOST: z.string().default('127.0.0.1'),
  DATABASE_URL: url('postgres:', 'postgresql:').optional(),
  DATABASE_DIRECT_URL: url('postgres:', 'postgresql:').optional(),
  DATA_DIR: z.string().default('.heliograph'),
  ROLE: z.enum(['all', 'api', 'worker'], 'must be all, api or worker').default('all'),
  JWT_ISSUER: z.string().optional(),
  JWT_AUDIENCE: z.string().optional(),
  JWT_JWKS_URL: url('https:', 'http:').optional(),
  JWT_JWKS: z.string().refine(isKeySet, 'must be a JSON Web Key Set: {"keys":[…]}').optional(),
  SECRETS_KEYS: z
    .string()
    .refine(isKeyRing, 'must be id:base64 of 32 bytes, comma-separated, no id twice')
    .optional(),
  EGRESS_ALLOW: cidrs.default([]),
  REQUIRE_VERIFICATION: boolean.default(true),
  RETRY_SCHEDULE: schedule.default(standardSchedule.split(',').map(Number)),
  DELIVERY_TIMEOUT_MS: integer(50, 60_000).default(15_000),
  VERIFY_TIMEOUT_MS: integer(50, 60_000).default(30_000),
  MAX_RESPONSE_BYTES: integer(1, 10_485_760).default(65_536),
  RETENTION_DAYS: integer(1, 3650).default(30),
  CRON_SECRET: secret.optional(),
  AUTH_HOOK_SECRET: secret.optional(),
  TEST_CONTROL_SECRET: secret.optional(),
  ALLOWED_ORIGINS: list
    .refine(
      (parts) => parts.every(isOrigin),
      'must be comma-separated origins such as https://app.example.com',
    )
    .default([]),
  LOG_LEVEL: z
    .enum(
      ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
      'must be a level from trace to silent',
    )
    .default('info'),
  PUBLIC_URL: url('http:', 'https:').optional(),
  SMTP_URL: url('smtp:', 'smtps:').optional(),
  DNS_SERVERS: dnsServers.default([]),
  PREPARED_STATEMENTS: boolean.default(true),
  TRUSTED_DOCUMENTS_ONLY: boolean.default(false),
  RATE_LIMIT_PER_MINUTE: integer(1, 1_000_000_000).default(60_000),
  MAX_SUBSCRIPTIONS_PER_ACTOR: integer(1, 1_000_000).default(500),
  MAX_CONNECTIONS_PER_ACTOR: integer(1, 1_000_000).default(500),
  MAX_ANONYMOUS_CONNECTIONS: integer(1, 1_000_000).default(2_000),
  MAX_ANONYMOUS_CONNECTIONS_PER_ADDRESS: integer(1, 1_000_000).default(500),
});

/** Reads the environment. An empty value counts as unset. Throws a ConfigError that names every bad variable. */
export function readConfig(source: NodeJS.ProcessEnv = process.env): Config {
  const given = Object.fromEntries(
    Object.keys(environment.shape)
      .map((name) => [name, source[name]?.trim()])
      .filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = environment.safeParse(given);
  if (!parsed.success) {
    const sentences = parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`);
    throw new ConfigError(`Configuration: ${sentences.join('; ')}.`);
  }
  const env = parsed.data;
  const production = env.NODE_ENV === 'production';
  refuseContradictions(env, production);

  return Object.freeze({
    production,
    port: env.PORT,
    host: env.HOST,
    databaseUrl: env.DATABASE_URL,
    databaseDirectUrl: env.DATABASE_DIRECT_URL ?? env.DATABASE_URL,
    dataDir: resolve(env.DATA_DIR),
    role: env.ROLE,
    jwt: {
      issuer: env.JWT_ISSUER ?? 'heliograph',
      audience: env.JWT_AUDIENCE ?? 'heliograph',
      jwksUrl: env.JWT_JWKS_URL,
      jwks: env.JWT_JWKS,
    },
    secretsKeys: env.SECRETS_KEYS,
    egressAllow: env.EGRESS_ALLOW,
    requireVerification: env.REQUIRE_VERIFICATION,
    retrySchedule: env.RETRY_SCHEDULE,
    deliveryTimeoutMs: env.DELIVERY_TIMEOUT_MS,
    verifyTimeoutMs: env.VERIFY_TIMEOUT_MS,
    maxResponseBytes: env.MAX_RESPONSE_BYTES,
    retentionDays: env.RETENTION_DAYS,
    cronSecret: env.CRON_SECRET,
    authHookSecret: env.AUTH_HOOK_SECRET,
    testControlSecret: env.TEST_CONTROL_SECRET,
    allowedOrigins: env.ALLOWED_ORIGINS,
    logLevel: env.LOG_LEVEL,
    publicUrl: env.PUBLIC_URL,
    smtpUrl: env.SMTP_URL,
    dnsServers: env.DNS_SERVERS,
    preparedStatements: env.PREPARED_STATEMENTS,
    trustedDocumentsOnly: env.TRUSTED_DOCUMENTS_ONLY,
    rateLimitPerMinute: env.RATE_LIMIT_PER_MINUTE,
    maxSubscriptionsPerActor: env.MAX_SUBSCRIPTIONS_PER_ACTOR,
    maxConnectionsPerActor: env.MAX_CONNECTIONS_PER_ACTOR,
    maxAnonymousConnections: env.MAX_ANONYMOUS_CONNECTIONS,
    maxAnonymousConnectionsPerAddress: env.MAX_ANONYMOUS_CONNECTIONS_PER_ADDRESS,
  });
}

function refuseContradictions(env: z.infer<typeof environment>, production: boolean): void {
  const scheduleSeconds = env.RETRY_SCHEDULE.reduce((sum, delay) => sum + delay, 0);
  if (env.RETENTION_DAYS * daySeconds < scheduleSeconds * 2) {
    const needed = Math.ceil((scheduleSeconds * 2) / daySeconds);
    throw new ConfigError(
      `Configuration: RETENTION_DAYS must be at least ${needed}, twice the length of RETRY_SCHEDULE.`,
    );
  }
  if (env.JWT_JWKS_URL !== undefined && env.JWT_JWKS !== undefined) {
    throw new ConfigError('Configuration: set JWT_JWKS_URL or JWT_JWKS, not both.');
  }
  if (env.DATABASE_URL === undefined && env.DATABASE_DIRECT_URL !== undefined) {
    throw new ConfigError('Configuration: DATABASE_DIRECT_URL needs DATABASE_URL beside it.');
  }
  if (!production) return;
  const missing: string[] = (['DATABASE_URL', 'SECRETS_KEYS', 'JWT_ISSUER', 'JWT_AUDIENCE'] as const).filter(
    (name) => env[name] === undefined,
  );
  if (env.JWT_JWKS_URL === undefined && env.JWT_JWKS === undefined)
    missing.push('JWT_JWKS_URL (or JWT_JWKS)');
  if (missing.length > 0) {
    throw new ConfigError(`Configuration: NODE_ENV=production needs ${missing.join(', ')}.`);
  }
}

/** Where programs are looked for: all that a child process learns of our environment, which holds secrets. */
export const searchPath = (): string =>
  process.env.PATH ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * A file in the data directory that is made once and then kept: development keys. Two processes that start together
 * agree on the first one's. Only its owner can read it.
 */
export function keepInDataDir(dataDir: string, name: string, make: () => string): string {
  const path = join(dataDir, name);
  if (!existsSync(path)) {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    // Written aside and then linked: nobody reads half a file, and the first of two processes wins.
    const draft = `${path}.${randomBytes(6).toString('hex')}`;
    writeFileSync(draft, make(), { mode: 0o600 });
    try {
      linkSync(draft, path);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    } finally {
      unlinkSync(draft);
    }
  }
  return readFileSync(path, 'utf8');
}

/** The key ring that development uses when SECRETS_KEYS is not set. */
export function developmentKeyRing(dataDir: string): string {
  return keepInDataDir(dataDir, 'secrets-keys', () => `dev:${randomBytes(32).toString('base64')}`);
}

function isCidr(text: string): boolean {
  const [address = '', bits = '', rest] = text.split('/');
  const family = isIP(address);
  return (
    rest === undefined && family !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128)
  );
}

function isKeySet(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'keys' in value && Array.isArray(value.keys);
  } catch {
    return false;
  }
}

/** `127.0.0.1`, `10.0.0.2:53`, `[fd00::1]:53`. */
function isServerAddress(text: string): boolean {
  const [, v6, v4, port = '53'] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const family = v6 === undefined ? 4 : 6;
  return isIP(v6 ?? v4 ?? '') === family && Number(port) >= 1 && Number(port) <= 65_535;
}

/** As a browser sends it. */
function isOrigin(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && new URL(text).origin === text;
}

function isKeyRing(text: string): boolean {
  const entries = text.split(',').map((entry) => entry.trim());
  const ids = new Set(entries.map((entry) => entry.split(':')[0]));
  return (
    ids.size === entries.length &&
    entries.every((entry) => /^[A-Za-z0-9_-]{1,32}:[A-Za-z0-9+/]{43}=$/.test(entry))
  );
}
