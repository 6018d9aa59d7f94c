import type { Actor } from '../../src/access/actor.ts';
import type { Grant } from '../../src/access/grant-watch.ts';
import { unauthenticated } from '../../src/access/unauthenticated.ts';
import { type Config, readConfig } from '../../src/config.ts';
import { UnavailableError } from '../../src/errors.ts';
import type { Services } from '../../src/graph/context.ts';
import { createReadiness } from '../../src/http/health.ts';
import { Metrics } from '../../src/http/metrics.ts';
import { createHttpServer, type HttpServerOptions } from '../../src/server.ts';
import { actors } from '../graph/actors.ts';
import { createTestSchema } from '../graph/test-schema.ts';
import { createTestDatabase, quietLogger } from '../support/database.ts';

/** Grants that the test revokes. */
class TestGrants {
  readonly watched = new Set<{ actor: Actor; ending: AbortController }>();

  watch(watchedActor: Actor): Grant {
    const entry = { actor: watchedActor, ending: new AbortController() };
    this.watched.add(entry);
    const { signal } = entry.ending;
    return { ending: signal, signal, release: () => void this.watched.delete(entry) };
  }

  end(reason: 'expired' | 'revoked', of: (actor: Actor) => boolean = () => true): void {
    for (const { actor, ending } of this.watched) if (of(actor)) ending.abort(unauthenticated(reason));
  }

  /** If set, no grant could be checked for too long. */
  lose(): void {
    for (const { ending } of this.watched) ending.abort(new UnavailableError('It could not be checked.'));
  }
}

/** A real server over the small schema, on its own port. */
export async function startTestServer(
  options: Partial<
    Pick<
      HttpServerOptions,
      | 'routes'
      | 'slowConsumerMs'
      | 'streamHeartbeatMs'
      | 'readiness'
      | 'trustedDocuments'
      | 'developmentToken'
    >
  > & {
    /** Additional actors beside those of `actors`. */
    tokens?: Record<string, Actor>;
    environment?: Record<string, string>;
    config?: Partial<Config>;
    logger?: typeof quietLogger;
  } = {},
) {
  const { database, drop } = await createTestDatabase();
  const logger = options.logger ?? quietLogger;
  const { schema, ...parts } = createTestSchema();
  const grants = new TestGrants();
  const metrics = new Metrics();
  // Only what the server itself needs, because the small schema does not use the services of other rooms.
  const services: Partial<Services> = {
    config: { ...readConfig({ NODE_ENV: 'test', PORT: '0', ...options.environment }), ...options.config },
    database,
    logger,
  };
  let authenticated = 0;
  /** The check of a credential waits for this. */
  let holding: { reached: () => void; released: Promise<void> } | undefined;
  let isMigrated = true;
  const server = createHttpServer({
    schema,
    services: services as Services,
    authenticator: {
      async authenticate({ authorization }) {
        authenticated += 1;
        holding?.reached();
        await holding?.released;
        if (authorization === undefined) return undefined;
        const token = authorization.replace('Bearer ', '');
        if (token === 'expired' || token === 'revoked') throw unauthenticated(token);
        if (token === 'database-down') throw new Error('connect ECONNREFUSED password hunter2');
        const known = options.tokens?.[token] ?? Object.values(actors).find(({ label }) => label === token);
        if (known === undefined) throw unauthenticated('invalid');
        return known;
      },
    },
    grantWatch: grants,
    readiness: options.readiness ?? createReadiness({ database, isMigrated: () => isMigrated }),
    metrics,
    ...(options.developmentToken === undefined ? {} : { developmentToken: options.developmentToken }),
    ...(options.routes === undefined ? {} : { routes: options.routes }),
    ...(options.trustedDocuments === undefined ? {} : { trustedDocuments: options.trustedDocuments }),
    ...(options.streamHeartbeatMs === undefined ? {} : { streamHeartbeatMs: options.streamHeartbeatMs }),
    ...(options.slowConsumerMs === undefined ? {} : { slowConsumerMs: options.slowConsumerMs }),
  });
  const { url, port } = await server.listen();

  return {
    ...parts,
    server,
    grants,
    metrics,
    port,
    url,
    graphqlUrl: `${url}/graphql`,
    wsUrl: `${url.replace('http', 'ws')}/graphql`,
    authenticated: () => authenticated,
    /** Lets no check of a credential end until `release` is called. */
    holdAuthentication() {
      let release = () => {};
      const reached = new Promise<void>((resolve) => {
        holding = { reached: resolve, released: new Promise((done) => (release = done)) };
      });
      return {
        reached,
        release() {
          holding = undefined;
          release();
        },
      };
    },
    unmigrate: () => {
      isMigrated = false;
    },
    post: (query: string, more: PostOptions = {}) => post(`${url}/graphql`, query, more),
    dropDatabase: drop,
    async stop() {
      await server.drain(100);
      await drop();
    },
  };
}

export type TestServer = Awaited<ReturnType<typeof startTestServer>>;

export type PostOptions = {
  token?: string | undefined;
  variables?: Record<string, unknown>;
  headers?: Record<string, string>;
};

type GraphQLAnswer = {
  data?: Record<string, unknown> | null;
  errors?: { message: string; path?: unknown[]; extensions: Record<string, unknown> }[];
};

async function post(url: string, query: string, { token = 'full', variables, headers }: PostOptions = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: JSON.stringify({ query, variables }),
  });
  const answer: GraphQLAnswer = JSON.parse(await response.text());
  return {
    status: response.status,
    headers: response.headers,
    answer,
    codes: answer.errors?.map((e) => e.extensions.code),
  };
}
