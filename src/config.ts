import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { z } from 'zod';
import { environment, type LimitedThing, type tracesSamplers } from './environment.ts';

export type TracesSampler = (typeof tracesSamplers)[number];

/**
 * Everything that can be set from outside, read once at the start from the environment. An invalid value stops
 * the start with an error that names the variable; nothing is guessed. The guide `configure` describes each setting.
 */
export type Config = Readonly<{
  production: boolean;
  port: number;
  host: string;
  /** When undefined, an embedded PostgreSQL is started under `dataDir`. */
  databaseUrl: string | undefined;
  /** For LISTEN, leases and migrations, which need a connection that does not pass a pooler in transaction mode. */
  databaseDirectUrl: string | undefined;
  dataDir: string;
  role: 'all' | 'api' | 'worker';
  jwt: Readonly<{ issuer: string; audience: string; jwksUrl: string | undefined; jwks: string | undefined }>;
  secretsKeys: string | undefined;
  egressAllow: readonly string[];
  requireVerification: boolean;
  /** The wait before each attempt, in seconds. The number of entries is the number of attempts. */
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
  egressProxy: string | undefined;
  dnsServers: readonly string[];
  preparedStatements: boolean;
  trustedDocumentsOnly: boolean;
  rateLimitPerMinute: number;
  badCredentialsPerMinute: number;
  trustedProxies: readonly string[];
  allowedHosts: readonly string[];
  maxSubscriptionsPerActor: number;
  maxConnectionsPerActor: number;
  maxAnonymousConnections: number;
  maxAnonymousConnectionsPerAddress: number;
  /** Where traces are sent, and which; undefined without a collector. */
  tracing: Readonly<{ endpoint: string; sampler: TracesSampler; samplerRatio: number }> | undefined;
  console: boolean;
  consoleFrameAncestors: readonly string[];
  /** How many of each thing a tenant may have; of event types, how many there may be in all. */
  limits: Readonly<Record<LimitedThing, number>>;
  /** Where and as whom people sign in to the console; undefined without single sign-on. */
  consoleSignIn: Readonly<{ issuer: string; clientId: string; scope: string }> | undefined;
}>;

const manifest: { version: string } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
);

/** The program and its version, as receivers see them in `user-agent`. */
export const userAgent = `Heliograph/${manifest.version}`;

const daySeconds = 86_400;

export class ConfigError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ConfigError';
  }
}

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
    egressProxy: env.EGRESS_PROXY,
    dnsServers: env.DNS_SERVERS,
    preparedStatements: env.PREPARED_STATEMENTS,
    trustedDocumentsOnly: env.TRUSTED_DOCUMENTS_ONLY,
    rateLimitPerMinute: env.RATE_LIMIT_PER_MINUTE,
    badCredentialsPerMinute: env.BAD_CREDENTIALS_PER_MINUTE,
    trustedProxies: env.TRUSTED_PROXIES,
    allowedHosts: env.ALLOWED_HOSTS,
    maxSubscriptionsPerActor: env.MAX_SUBSCRIPTIONS_PER_ACTOR,
    maxConnectionsPerActor: env.MAX_CONNECTIONS_PER_ACTOR,
    maxAnonymousConnections: env.MAX_ANONYMOUS_CONNECTIONS,
    maxAnonymousConnectionsPerAddress: env.MAX_ANONYMOUS_CONNECTIONS_PER_ADDRESS,
    tracing:
      env.OTEL_EXPORTER_OTLP_ENDPOINT === undefined
        ? undefined
        : {
            endpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT,
            sampler: env.OTEL_TRACES_SAMPLER,
            samplerRatio: env.OTEL_TRACES_SAMPLER_ARG,
          },
    console: env.CONSOLE,
    consoleFrameAncestors: env.CONSOLE_FRAME_ANCESTORS,
    limits: {
      endpoints: env.MAX_ENDPOINTS_PER_TENANT,
      apiKeys: env.MAX_API_KEYS_PER_TENANT,
      apps: env.MAX_APPS_PER_TENANT,
      eventTypes: env.MAX_EVENT_TYPES,
      pendingDeliveries: env.MAX_PENDING_DELIVERIES_PER_TENANT,
      bulkReplays: env.MAX_BULK_JOBS_PER_TENANT,
      bulkCancels: env.MAX_BULK_JOBS_PER_TENANT,
    },
    consoleSignIn:
      env.CONSOLE_OIDC_CLIENT_ID === undefined || env.JWT_ISSUER === undefined
        ? undefined
        : {
            issuer: env.JWT_ISSUER,
            clientId: env.CONSOLE_OIDC_CLIENT_ID,
            scope: env.CONSOLE_OIDC_SCOPE,
          },
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
  if (env.CONSOLE_OIDC_CLIENT_ID !== undefined && !/^https?:\/\//.test(env.JWT_ISSUER ?? '')) {
    throw new ConfigError(
      'Configuration: CONSOLE_OIDC_CLIENT_ID needs a JWT_ISSUER that is the https address of your identity provider.',
    );
  }
  if (!production) return;
  const missing: string[] = (['DATABASE_URL', 'SECRETS_KEYS', 'JWT_ISSUER', 'JWT_AUDIENCE'] as const).filter(
    (name) => env[name] === undefined,
  );
  if (env.JWT_JWKS_URL === undefined && env.JWT_JWKS === undefined)
    missing.push('JWT_JWKS_URL (or JWT_JWKS)');
  if (missing.length > 0) {
    throw new ConfigError(`Configuration: with NODE_ENV=production, also set ${missing.join(', ')}.`);
  }
}

/** The PATH. A child process gets this and nothing else of our environment, which holds secrets. */
export const searchPath = (): string =>
  process.env.PATH ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * A file in the data directory that is made once and then kept, for development keys. If two processes start together,
 * both use the file that was written first. Only the file's owner can read it.
 */
export function keepInDataDir(dataDir: string, name: string, make: () => string): string {
  const path = join(dataDir, name);
  if (!existsSync(path)) {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    // Write a draft and then link it: nobody reads half a file, and the first of two processes wins.
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
