import type { Change } from './change.ts';
import { type TypedDocument, textOf } from './document.ts';
import { type FollowOptions, follow } from './follow.ts';
import { Interruption } from './interruption.ts';
import { Log, type LogOptions } from './log.ts';
import { type NewEvent, type PublishedEvent, publish } from './publish.ts';
import { ask } from './query.ts';
import { type ConnectOptions, readSettings } from './settings.ts';

type RequestOptions = Readonly<{ signal?: AbortSignal | undefined }>;

/** A server, as one caller sees it. Nothing is opened before it is used, and there is nothing to close. */
export type Heliograph = Readonly<{
  /** The log from a position on: every change exactly once and in order, for as long as it is iterated. */
  log: ReadLog;
  /** Hands the log to a function, and goes on where it stopped, whatever ended it. */
  follow: Follow;
  /** Asks once: the data. Throws UnavailableError where the same may succeed later. */
  query<Result = Record<string, unknown>, Variables = Record<string, unknown>>(
    document: TypedDocument<Result, Variables>,
    variables?: NoInfer<Variables>,
    options?: RequestOptions,
  ): Promise<Result>;
  /** Publishes up to 1,000 events; once it has answered, they are stored with all their deliveries. */
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
  /** With `batch` the handler gets up to so many changes at a time. */
  <Selected = Change>(
    handler: (changes: readonly Selected[]) => unknown,
    options: FollowOptions<Selected> & { batch: number },
  ): Promise<void>;
};

/** Makes `connect` for a platform, by what it opens WebSockets with; undefined for what is built in. */
export function connectWith(webSocket: unknown): (options: ConnectOptions) => Heliograph {
  return (options) => {
    const settings = readSettings(options, webSocket);
    const log = <Selected>(logOptions?: LogOptions<Selected>) => new Log<Selected>(settings, logOptions);
    const followLog = <Selected>(
      handler: (given: never) => unknown,
      { batch, ...rest }: FollowOptions<Selected> & { batch?: number | undefined },
    ) => {
      // Which of the two the handler takes follows from `batch`, as the types of `Follow` say.
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
