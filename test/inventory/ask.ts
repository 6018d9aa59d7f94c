/** How a call authenticates: the headers that it sends. */
export type Proof = Readonly<Record<string, string>>;

type Refusal = Readonly<{ message: string; extensions?: Readonly<Record<string, unknown>> }>;

/** The answer of an operation; for a subscription its first message. */
export type Answer = Readonly<{
  status: number;
  data: Readonly<Record<string, unknown>> | null;
  errors: readonly Refusal[];
}>;

export type Operation = Readonly<{ document: string; variables: Readonly<Record<string, unknown>> }>;

export const bearer = (token: string): Proof => ({ authorization: `Bearer ${token}` });

/** Sends an operation. A subscription uses server-sent events and ends after its first message. */
export async function ask(origin: string, proof: Proof, operation: Operation): Promise<Answer> {
  const { document, variables } = operation;
  const isStream = document.startsWith('subscription');
  const left = new AbortController();
  const response = await fetch(`${origin}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(isStream ? { accept: 'text/event-stream' } : {}),
      ...proof,
    },
    body: JSON.stringify({ query: document, variables }),
    signal: left.signal,
  });
  const isEvents = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
  const text = isEvents ? await firstEvent(response) : await response.text();
  left.abort();
  const { data, errors }: { data?: Answer['data']; errors?: Answer['errors'] } = JSON.parse(text);
  return { status: response.status, data: data ?? null, errors: errors ?? [] };
}

async function firstEvent(response: Response): Promise<string> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (let chunk = await reader?.read(); chunk?.value !== undefined; chunk = await reader?.read()) {
    text += chunk.value;
    const data = /^data: (\{.*\})$/m.exec(text)?.[1];
    if (data !== undefined) return data;
  }
  throw new Error(`The stream ended without a message: ${text}`);
}

/** The value of the operation's only root field. */
export function answered({ data }: Answer): unknown {
  return Object.values(data ?? {})[0] ?? null;
}

/** The value as a record, if an answer without errors is expected. */
export function recordOf(answer: Answer): Readonly<Record<string, unknown>> {
  const value = answered(answer);
  if (answer.errors.length > 0 || typeof value !== 'object' || value === null) {
    throw new Error(`Nothing was answered: ${JSON.stringify(answer)}`);
  }
  return { ...value };
}

export function textAt(record: Readonly<Record<string, unknown>>, ...path: readonly string[]): string {
  let value: unknown = record;
  for (const name of path) value = Object(value)[name];
  if (typeof value !== 'string') throw new Error(`No text at ${path.join('.')}: ${JSON.stringify(record)}`);
  return value;
}
