import { Writable } from 'node:stream';
import { type Logger, pino } from 'pino';
import { createAuthenticator } from '../../src/access/authenticate.ts';
import type { Grant } from '../../src/access/grant-watch.ts';
import { type Config, readConfig } from '../../src/config.ts';
import type { Services } from '../../src/graph/context.ts';
import { createReadiness } from '../../src/http/health.ts';
import { Metrics } from '../../src/http/metrics.ts';
import { installRoutes } from '../../src/installations/install-callback.ts';
import { internalRoutes } from '../../src/internal/routes.ts';
import { type Job, JobRunner } from '../../src/jobs/job-runner.ts';
import { createHttpServer } from '../../src/server.ts';
import { SecretBox } from '../../src/signing/secret-box.ts';
import { configWith, createIssuer } from '../access/issuer.ts';
import { createTestSchema } from '../graph/test-schema.ts';
import { createTestDatabase } from '../support/database.ts';

export const cronSecret = 'cron-secret-0123456789abcdef';
export const testSecret = 'test-control-0123456789abcdef';
export const hookSecret = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;

export type InternalServer = Awaited<ReturnType<typeof startInternalServer>>;

/** A credential that is never over. */
const endless = (): Grant => {
  const { signal } = new AbortController();
  return { ending: signal, signal, release: () => undefined };
};

/** A real server with the internal routes, over its own database. `logged` has every line that it wrote. */
export async function startInternalServer(options: { jobs?: readonly Job[]; config?: Partial<Config> } = {}) {
  const db = await createTestDatabase();
  const { database, url: directUrl } = db;
  const logged: string[] = [];
  const logger: Logger = pino(
    { level: 'trace' },
    new Writable({
      write(chunk, _encoding, done) {
        logged.push(String(chunk));
        done();
      },
    }),
  );
  const issuer = await createIssuer();
  const config: Config = {
    ...readConfig({ NODE_ENV: 'test', PORT: '0' }),
    ...configWith({
      PORT: '0',
      JWT_JWKS: issuer.jwks,
      CRON_SECRET: cronSecret,
      AUTH_HOOK_SECRET: hookSecret,
      TEST_CONTROL_SECRET: testSecret,
    }),
    ...options.config,
  };
  const runner = new JobRunner({ database, directUrl, jobs: options.jobs ?? [] });
  const authenticator = createAuthenticator({ config, database, logger });
  const secretBox = new SecretBox([{ id: 'test', key: Buffer.alloc(32, 7) }]);
  const server = createHttpServer({
    schema: createTestSchema().schema,
    services: { config, database, logger } as Partial<Services> as Services,
    authenticator,
    grantWatch: { watch: endless },
    readiness: createReadiness({ database, isMigrated: () => true }),
    metrics: new Metrics(),
    routes: [
      ...internalRoutes({ config, database, runner }),
      ...installRoutes({ database, secretBox, authenticator, publicUrl: () => 'https://hooks.example' }),
    ],
  });
  const { url, port } = await server.listen();
  return {
    db,
    database,
    directUrl,
    runner,
    authenticator,
    issuer,
    secretBox,
    logged,
    port,
    url,
    async stop() {
      await server.drain(100);
      await authenticator.settled();
      await db.drop();
    },
  };
}

/** Everything that a caller sees of an answer, except what differs between any two requests. */
export async function seen(response: Response): Promise<{ status: number; headers: object; body: string }> {
  const headers = Object.fromEntries(
    [...response.headers].filter(([name]) => !['date', 'x-request-id'].includes(name)),
  );
  return { status: response.status, headers, body: await response.text() };
}

/** A request that no client library would send: its header lines are used as given. */
export async function sendRaw(port: number, lines: readonly string[], body = ''): Promise<string> {
  const { connect } = await import('node:net');
  return await new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.once('end', () => resolve(answer));
    socket.once('error', reject);
    const head = [
      ...lines,
      'host: localhost',
      `content-length: ${Buffer.byteLength(body)}`,
      'connection: close',
    ];
    socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  });
}

/** The status line, the headers and the body, except what differs between any two requests. */
export function withoutIds(answer: string): string {
  return answer.replace(/^(date|x-request-id|connection|keep-alive): .*\r\n/gim, '');
}
