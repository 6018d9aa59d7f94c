import { isIP } from 'node:net';
import { z } from 'zod';

/**
 * The schedule that Standard Webhooks recommends, in seconds before each attempt: 0, then 5 s, 5 min, 30 min, 2 h, 5 h,
 * 10 h, 14 h, 20 h, 24 h.
 */
const standardSchedule = '0,5,300,1800,7200,18000,36000,50400,72000,86400';
/** The most attempts that one delivery may have. */
export const maxAttempts = 50;

/** The limits of a tenant, unless others are set; for event types, the limit of the whole catalogue. */
export const usualLimits = {
  endpoints: 1_000,
  apiKeys: 100,
  apps: 1_000,
  eventTypes: 1_000,
  pendingDeliveries: 1_000_000,
  bulkJobs: 10,
} as const;

export type LimitedThing = Exclude<keyof typeof usualLimits, 'bulkJobs'> | 'bulkReplays' | 'bulkCancels';

export const tracesSamplers = [
  ...(['always_on', 'always_off', 'traceidratio'] as const),
  ...(['parentbased_always_on', 'parentbased_always_off', 'parentbased_traceidratio'] as const),
] as const;

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

const publicUrl = url('http:', 'https:').regex(/^[^@?#]*$/, 'must have no user name, query or fragment');
const secret = z.string().min(8, 'must have at least 8 characters');

/** Anything else could not be sent in a header, so that every caller would be refused. */
const headerSecret = z.string().regex(/^[!-~]{8,1000}$/, 'must have 8 to 1000 visible ASCII characters');

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

/**
 * Every setting, by the name of its environment variable: what it takes, its default and its meaning. The guide
 * `configure` is generated from it. `shownDefault` describes a default that is not itself a value one could set.
 */
export const environment = z.object({
  NODE_ENV: z
    .enum(['production', 'development', 'test'], 'must be production, development or test')
    .optional()
    .meta({
      description:
        '`development`, `test` or `production`. In production `DATABASE_URL`, `SECRETS_KEYS`, `JWT_ISSUER`, `JWT_AUDIENCE` and either `JWT_JWKS_URL` or `JWT_JWKS` are required, endpoints must use https, and GraphiQL, `/schema.graphql` and test control are switched off.',
      shownDefault: '`development`',
    }),
  PORT: integer(0, 65_535)
    .default(4000)
    .meta({ description: 'The port the server listens on. 0 takes any free port.' }),
  HOST: z
    .string()
    .default('127.0.0.1')
    .meta({ description: 'The address the server listens on. `0.0.0.0` listens on all IPv4 addresses.' }),
  DATABASE_URL: url('postgres:', 'postgresql:').optional().meta({
    description:
      'The PostgreSQL to use, version 15 or later, as `postgres://user:password@host:5432/database`.',
    shownDefault: 'an embedded PostgreSQL',
  }),
  DATABASE_DIRECT_URL: url('postgres:', 'postgresql:').optional().meta({
    description:
      'The same database without a connection pooler in between. It is used for LISTEN, for leases and for migrations.',
    shownDefault: '`DATABASE_URL`',
  }),
  DATA_DIR: z.string().default('.heliograph').meta({
    description:
      'The folder of the embedded database and of the keys that development makes for itself. One process at a time may use it.',
  }),
  ROLE: z.enum(['all', 'api', 'worker'], 'must be all, api or worker').default('all').meta({
    description:
      '`api` answers requests. `worker` sends deliveries and has only `/healthz`, `/readyz` and `/metrics`. `all` does both.',
  }),
  JWT_ISSUER: z.string().optional().meta({
    description: 'The issuer: the claim `iss` that every JWT must have. Required in production.',
    shownDefault: '`heliograph`',
  }),
  JWT_AUDIENCE: z.string().optional().meta({
    description: 'The audience: the claim `aud` that every JWT must have. Required in production.',
    shownDefault: '`heliograph`',
  }),
  JWT_JWKS_URL: url('https:', 'http:').optional().meta({
    description:
      'The URL where the issuer publishes its keys (a JSON Web Key Set). Set this or `JWT_JWKS`, not both.',
    shownDefault: 'unset',
  }),
  JWT_JWKS: z.string().refine(isKeySet, 'must be a JSON Web Key Set: {"keys":[…]}').optional().meta({
    description: 'The issuer’s keys themselves, as the JSON text of a JSON Web Key Set.',
    shownDefault: 'made in development',
  }),
  SECRETS_KEYS: z
    .string()
    .refine(isKeyRing, 'must be id:base64 of 32 bytes, comma-separated, no id twice')
    .optional()
    .meta({
      description:
        'The keys that encrypt (seal) signing secrets in the database, comma-separated, each `id:base64` of 32 random bytes. The first one seals new secrets; each of them can open what it sealed. Required in production.',
      shownDefault: 'made in development',
    }),
  EGRESS_ALLOW: cidrs.default([]).meta({
    description:
      'Private address ranges that deliveries may be sent to. Plain http is allowed there too: comma-separated CIDRs such as `10.1.0.0/16`.',
    shownDefault: 'none',
  }),
  REQUIRE_VERIFICATION: boolean.default(true).meta({
    description: 'With `false`, deliveries neither need nor wait for an endpoint’s ownership handshake.',
  }),
  RETRY_SCHEDULE: schedule.default(standardSchedule.split(',').map(Number)).meta({
    description:
      'The wait before each attempt in seconds, comma-separated. The number of entries is the number of attempts, 50 at most.',
  }),
  DELIVERY_TIMEOUT_MS: integer(50, 60_000)
    .default(15_000)
    .meta({ description: 'How long one attempt may take, in milliseconds: 50 to 60000.' }),
  VERIFY_TIMEOUT_MS: integer(50, 60_000)
    .default(30_000)
    .meta({ description: 'How long an ownership handshake may take, in milliseconds: 50 to 60000.' }),
  MAX_RESPONSE_BYTES: integer(1, 10_485_760).default(65_536).meta({
    description:
      'How many bytes of a response body are read, at most. The first 4096 of them are stored with the attempt.',
  }),
  RETENTION_DAYS: integer(1, 3650).default(30).meta({
    description:
      'How many days events, deliveries and the log are kept. It must be at least twice as long as the whole retry schedule.',
  }),
  CRON_SECRET: headerSecret.optional().meta({
    description:
      'The secret that callers of `POST /internal/cron/:job` must send, 8 to 1000 visible ASCII characters. While it is not set, the route does not exist.',
    shownDefault: 'unset',
  }),
  AUTH_HOOK_SECRET: secret.optional().meta({
    description:
      'The secret that the identity provider signs its calls of `POST /internal/auth-hook` with, at least 8 characters. While it is not set, the route does not exist.',
    shownDefault: 'unset',
  }),
  TEST_CONTROL_SECRET: headerSecret.optional().meta({
    description:
      'The secret that callers of `POST /internal/test-control` must send, 8 to 1000 visible ASCII characters. While it is not set, the route does not exist. Never set it in production.',
    shownDefault: 'unset',
  }),
  ALLOWED_ORIGINS: list
    .refine(
      (parts) => parts.every(isOrigin),
      'must be comma-separated origins such as https://app.example.com',
    )
    .default([])
    .meta({
      description:
        'The origins of web pages that may call the API from a browser, comma-separated, such as `https://app.example.com`.',
      shownDefault: 'none',
    }),
  LOG_LEVEL: z
    .enum(
      ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
      'must be a level from trace to silent',
    )
    .default('info')
    .meta({
      description:
        'The least severe log line that is written: `trace`, `debug`, `info`, `warn`, `error`, `fatal` or `silent`.',
    }),
  PUBLIC_URL: publicUrl.optional().meta({
    description: 'The URL under which clients reach this service. Install links begin with it.',
    shownDefault: 'the address it listens on',
  }),
  SMTP_URL: url('smtp:', 'smtps:').optional().meta({
    description:
      'The mail server that sends invitations, and mails about endpoints that fail. Their sender is `no-reply@` followed by the host name of `PUBLIC_URL`.',
    shownDefault: 'unset',
  }),
  EGRESS_PROXY: url('http:').optional().meta({
    description:
      'An HTTP proxy that webhooks and handshakes are sent through, by CONNECT, so that receivers see its address: `http://user:password@proxy.internal:3128`. Host names are still resolved and checked here, and the proxy is given the address. It is used for the addresses in `EGRESS_ALLOW`, too.',
    shownDefault: 'unset',
  }),
  DNS_SERVERS: dnsServers.default([]).meta({
    description:
      'The DNS servers that look up the host names of receivers, comma-separated, as `10.0.0.2:53` or `[fd00::1]`. The port is 53 unless given. The file `/etc/hosts` is not read.',
    shownDefault: 'the system’s',
  }),
  PREPARED_STATEMENTS: boolean.default(true).meta({
    description:
      'Whether statements are prepared by name. Set it to `false` behind a pgbouncer older than version 1.21 in transaction mode.',
  }),
  TRUSTED_DOCUMENTS_ONLY: boolean.default(false).meta({
    description: 'With `true`, only the GraphQL documents in `schema/trusted-documents*.json` are executed.',
  }),
  RATE_LIMIT_PER_MINUTE: integer(1, 1_000_000_000)
    .default(60_000)
    .meta({ description: 'How many requests one caller may send to one process in a minute.' }),
  BAD_CREDENTIALS_PER_MINUTE: integer(1, 1_000_000).default(120).meta({
    description:
      'How many bad credentials one client address may send to one process in a minute, over all routes together. After that, all requests of this address are refused with 429 for some seconds, without a look at them. One exception: at /graphql a credential that was valid a short time ago is still accepted. IPv6 addresses of the same /64 count as one address.',
  }),
  TRUSTED_PROXIES: cidrs.default([]).meta({
    description:
      'The addresses of your own proxies, as comma-separated CIDRs. Only from them the client’s address is taken from the header `x-forwarded-for`, or from `forwarded` if that is missing.',
    shownDefault: 'none',
  }),
  ALLOWED_HOSTS: list.default([]).meta({
    description:
      'More host names under which clients reach this service, comma-separated. `localhost`, IP addresses, `HOST` and the host of `PUBLIC_URL` are always accepted. A request for any other name is refused with 421. `*` accepts every name.',
    shownDefault: 'none',
  }),
  MAX_SUBSCRIPTIONS_PER_ACTOR: integer(1, 1_000_000).default(500).meta({
    description:
      'How many subscriptions one caller may have open on one process, over all transports together. One more is refused with RATE_LIMITED (429).',
  }),
  MAX_CONNECTIONS_PER_ACTOR: integer(1, 1_000_000).default(500).meta({
    description:
      'How many WebSockets one caller may have open on one process. One more is closed with code 4429.',
  }),
  MAX_ANONYMOUS_CONNECTIONS: integer(1, 1_000_000).default(2_000).meta({
    description:
      'How many WebSockets that have not sent a credential yet one process keeps open, for all clients together. One more is refused with 429.',
  }),
  MAX_ANONYMOUS_CONNECTIONS_PER_ADDRESS: integer(1, 1_000_000).default(500).meta({
    description:
      'How many WebSockets that have not sent a credential yet one client address may have open on one process. One more is refused with 429.',
  }),
  MAX_ENDPOINTS_PER_TENANT: integer(1, 10_000)
    .default(usualLimits.endpoints)
    .meta({ description: 'How many endpoints one tenant may have: 10000 at most.' }),
  MAX_API_KEYS_PER_TENANT: integer(1, 10_000).default(usualLimits.apiKeys).meta({
    description: 'How many API keys that are neither revoked nor expired one tenant may have: 10000 at most.',
  }),
  MAX_APPS_PER_TENANT: integer(1, 10_000)
    .default(usualLimits.apps)
    .meta({ description: 'How many partner apps one tenant may have: 10000 at most.' }),
  MAX_EVENT_TYPES: integer(1, 1_000).default(usualLimits.eventTypes).meta({
    description:
      'How many event types the catalogue may have beside the platform’s own. All tenants share it. At most 1000, because a list shows no more.',
  }),
  MAX_PENDING_DELIVERIES_PER_TENANT: integer(1, 100_000_000).default(usualLimits.pendingDeliveries).meta({
    description:
      'How many unfinished deliveries one tenant may have. A call of `publishEvents` that would bring it above that is refused. Bulk replays of a tenant or an app wait. Single replays, tests and events that are forwarded to an app are counted, but never refused.',
  }),
  MAX_BULK_JOBS_PER_TENANT: integer(1, 1_000).default(usualLimits.bulkJobs).meta({
    description:
      'How many bulk replays and recoveries of one tenant, or of one app, may run at a time, and how many bulk cancellations.',
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: url('http:', 'https:').optional().meta({
    description:
      'The collector that traces are sent to, by OTLP over HTTP as JSON: `http://collector.internal:4318`. `/v1/traces` is added. While it is not set, nothing is traced. The other variables of OpenTelemetry for the exporter and the resource, such as `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES`, are read as its specification says.',
    shownDefault: 'no traces',
  }),
  OTEL_TRACES_SAMPLER: z
    .enum(tracesSamplers, `must be one of ${tracesSamplers.join(', ')}`)
    .default('parentbased_always_on')
    .meta({
      description:
        'Which traces are kept: `always_on`, `always_off`, `traceidratio`, `parentbased_always_on`, `parentbased_always_off` or `parentbased_traceidratio`. With `parentbased_` the decision of the caller’s `traceparent` holds.',
    }),
  OTEL_TRACES_SAMPLER_ARG: z
    .string()
    .refine((text) => /^(0|1|0?\.\d{1,9}|[01]\.0*)$/.test(text), 'must be a number from 0 to 1')
    .transform(Number)
    .default(1)
    .meta({ description: 'For the `traceidratio` samplers: the share of traces that is kept, from 0 to 1.' }),
  CONSOLE: boolean.default(true).meta({ description: 'Whether the console is served, at `/console`.' }),
  CONSOLE_OIDC_CLIENT_ID: z.string().min(1).optional().meta({
    description:
      'The client id of the console at the identity provider. If it is set, people can sign in to the console by single sign-on: authorization code with PKCE at `JWT_ISSUER`, as a public client whose redirect address is `/console` of this server. The access token is then the credential.',
    shownDefault: 'no single sign-on',
  }),
  CONSOLE_OIDC_SCOPE: z.string().min(1).default('openid').meta({
    description:
      'The scope that single sign-on asks for. Add what your identity provider needs to give a refresh token, often `offline_access`: without one people sign in again when their token ends.',
  }),
  CONSOLE_FRAME_ANCESTORS: list
    .refine((origins) => origins.every(isOrigin), 'must be origins such as https://app.example.com')
    .default([])
    .meta({
      description: 'Origins whose pages may show the console in a frame. None by default.',
      shownDefault: 'none',
    }),
});

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

/** Whether the text is an origin, spelled as browsers spell it in the header `origin`. */
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
