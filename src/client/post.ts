import type { GraphQLFailure } from './errors.ts';
import { Interruption } from './interruption.ts';
import type { Settings } from './settings.ts';

export type Operation = Readonly<{
  query: string;
  variables?: Readonly<Record<string, unknown>> | undefined;
}>;

/** A GraphQL answer, or one message of a stream. */
export type Result = Readonly<{
  data?: Readonly<Record<string, unknown>> | null | undefined;
  errors?: readonly GraphQLFailure[] | undefined;
}>;

const answerWithinMs = 60_000;

/** Sends one request over HTTP. Throws an Interruption if no GraphQL answer came in time. */
export async function post(
  settings: Settings,
  operation: Operation,
  options: { signal?: AbortSignal | undefined; withinMs?: number } = {},
): Promise<Result> {
  const { signal, withinMs = answerWithinMs } = options;
  const ending = new AbortController();
  const end = () => ending.abort();
  let timer: ReturnType<typeof setTimeout> | undefined;
  // fetch alone is not enough: Node's fetch sometimes ignores a signal that several requests share, or that ends by a
  // timer.
  const ended = new Promise<never>((_resolve, reject) => {
    ending.signal.addEventListener('abort', () =>
      reject(new Interruption(`No answer within ${withinMs} ms.`)),
    );
    if (signal?.aborted) end();
    signal?.addEventListener('abort', end, { once: true });
    timer = setTimeout(end, withinMs);
  });
  try {
    const asking = request(settings, operation, { accept: 'application/json', signal: ending.signal });
    return await Promise.race([asking.then(readResult), ended]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', end);
  }
}

/** POSTs an operation. The caller handles the answer. */
export async function request(
  settings: Settings,
  operation: Operation,
  options: { accept: string; signal: AbortSignal },
): Promise<Response> {
  const authorization = await settings.authorization();
  const body = JSON.stringify(operation);
  try {
    return await fetch(settings.httpUrl, {
      method: 'POST',
      redirect: 'error',
      signal: options.signal,
      headers: {
        accept: options.accept,
        'content-type': 'application/json',
        ...(authorization === undefined ? {} : { authorization }),
        ...(settings.tenant === undefined ? {} : { 'heliograph-tenant': settings.tenant }),
      },
      body,
    });
  } catch (error) {
    throw new Interruption(`No answer from ${settings.httpUrl}: ${reasonOf(error)}.`);
  }
}

export async function readResult(response: Response): Promise<Result> {
  let text: string;
  try {
    text = await response.text();
  } catch (error) {
    throw new Interruption(`The answer was cut off: ${reasonOf(error)}.`);
  }
  try {
    const value: unknown = JSON.parse(text);
    if (isResult(value)) return value;
  } catch {
    // Reported below, for example the page of a proxy.
  }
  throw new Interruption(`${response.url} answered with ${response.status}, and not as a GraphQL API does.`);
}

const isResult = (value: unknown): value is Result =>
  typeof value === 'object' && value !== null && ('data' in value || 'errors' in value);

/** Why a fetch failed, in a few words. The platform's own message is often only "fetch failed". */
export function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (typeof cause !== 'object' || cause === null) return String(cause);
  if ('code' in cause && typeof cause.code === 'string') return cause.code;
  return 'message' in cause && typeof cause.message === 'string' ? cause.message : 'an unknown reason';
}
