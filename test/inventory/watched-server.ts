import { AsyncLocalStorage } from 'node:async_hooks';
import { type IncomingMessage, Server } from 'node:http';
import pg from 'pg';
import { startApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { quietLogger } from '../support/database.ts';
import type { Stage } from '../support/stage.ts';

/** The work of the server for one request: the statements that it sent, and the number of rows that came back. */
export type Work = { statements: string[]; rows: number };

export type WatchedServer = Readonly<{
  origin: string;
  /** The work for the request with this `x-watched` header. */
  workFor(name: string): Work;
  close(): Promise<void>;
}>;

/** The program in this process, so that the statements of a request can be observed. */
export async function startWatchedServer(
  { environment }: Pick<Stage, 'environment'>,
  changed: Readonly<Record<string, string>>,
): Promise<WatchedServer> {
  const works = new Map<string, Work>();
  const request = new AsyncLocalStorage<Work>();
  const { query } = pg.Client.prototype;
  const { emit } = Server.prototype;

  pg.Client.prototype.query = function note(this: pg.Client, ...args: unknown[]) {
    const work = request.getStore();
    const [first] = args;
    const text = typeof first === 'string' ? first : Object(first).text;
    if (typeof text === 'string') work?.statements.push(text.replace(/\s+/g, ' '));
    const sent: unknown = Reflect.apply(query, this, args);
    if (work !== undefined && sent instanceof Promise) {
      sent.then(
        ({ rowCount }) => {
          work.rows += rowCount ?? 0;
        },
        () => undefined,
      );
    }
    return sent;
  } as typeof query;

  Server.prototype.emit = function within(this: Server, event: string | symbol, ...args: unknown[]) {
    const [message] = args;
    const name = event === 'request' ? (message as IncomingMessage).headers['x-watched'] : undefined;
    if (typeof name !== 'string') return Reflect.apply(emit, this, [event, ...args]);
    const work: Work = { statements: [], rows: 0 };
    works.set(name, work);
    return request.run(work, () => Reflect.apply(emit, this, [event, ...args]));
  };

  // A walk starts more bulk jobs than a tenant usually may, and how many still run differs from one time to another.
  const config = readConfig({ ...environment, MAX_BULK_JOBS_PER_TENANT: '100', ...changed });
  const databaseUrl = environment.DATABASE_URL ?? '';
  const options = { databaseUrl, directUrl: databaseUrl, logger: quietLogger, isDemo: false };
  const app = await startApp(config, options);
  return {
    origin: app.origin,
    workFor: (name) => works.get(name) ?? { statements: [], rows: 0 },
    async close() {
      await app.stop(1_000);
      pg.Client.prototype.query = query;
      Server.prototype.emit = emit;
    },
  };
}
