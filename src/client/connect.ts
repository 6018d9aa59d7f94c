import type { Change } from './change.ts';
import { type TypedDocument, textOf } from './document.ts';
import { type FollowOptions, follow } from './follow.ts';
import { Interruption } from './interruption.ts';
import { Log, type LogOptions } from './log.ts';
import { type NewEvent, type PublishedEvent, publish } from './publish.ts';
import { ask } from './query.ts';
import { type ConnectOptions, readSettings } from './settings.ts';

type RequestOptions = Readonly<{ signal?: AbortSignal | undefined }>;

/** A server, as one caller sees it. Nothing is opened before it is used, and nothing has to be closed. */
export type Heliograph = Readonly<{
  /** The log from a position on: every change exactly once and in order, as long as it is iterated. */
  log: ReadLog;
  /** Passes the log to a function, and resumes where it stopped, whatever ended it. */
  follow: Follow;
  /** Sends one request and returns the data. Throws UnavailableError if the same request may succeed later. */
  query<Result = Record<string, unknown>, Variables = Record<string, unknown>>(
    document: TypedDocument<Result, Variables>,
    variables?: NoInfer<Variables>,
    options?: RequestOptions,
  ): Promise<Result>;
  /** Publishes up to 1,000 events. When it has answered, they are stored with all their deliveries. */
  publish(
    events: readonly NewEvent[],
    options?: RequestOptions,
  ): Promise<{ events: readonly PublishedEvent[] }>;
}>;

type ReadLog = {
  <Name extends keyof Change>(
    options: Omit<LogOptions, 'select'> & Readonly<{ select: readonly Name[] }>,
  ): Log<Pick<Change, Name | 'position'>>;
  <Selected = Change>(options?: LogOptions<Selected>): Log<Selected>;
};

type Follow = {
  <Selected = Change>(
    handler: (change: Selected) => unknown,
    options: FollowOptions<Selected> & { batch?: undefined },
  ): Promise<void>;
  /** With `batch` the handler gets up to this many changes at a time. */
  <Selected = Change>(
    handler: (changes: readonly Selected[]) => unknown,
    options: FollowOptions<Selected> & { batch: number },
  ): Promise<void>;
};

/** Creates `connect` for a platform, with its way to open WebSockets; undefined means the built-in one. */
export function connectWith(webSocket: unknown): (options: ConnectOptions) => Heliograph {
  return (options) => {
    const settings = readSettings(options, webSocket);
    const log = <Selected>(logOptions?: LogOptions<Selected>) => new Log<Selected>(settings, logOptions);
    const followLog = <Selected>(
      handler: (given: never) => unknown,
      { batch, ...rest }: FollowOptions<Selected> & { batch?: number | undefined },
    ) => {
      // `batch` decides which of the two the handler accepts, as the types of `Follow` say.
      const handle = (changes: readonly Selected[]) =>
        handler((batch === undefined ? changes[0] : changes) as never);
      return follow(settings, handle, { ...rest, most: batch ?? 1 });
    };
    return {
      log,
      follow: followLog,
      query: async (document, variables, { signal } = {}) => {
        try {
          return await ask(settings, { query: textOf(document), variables: Object(variables) }, signal);
        } catch (error) {
          throw error instanceof Interruption ? error.asError() : error;
        }
      },
      publish: (events, { signal = new AbortController().signal } = {}) => publish(settings, events, signal),
    };
  };
}
