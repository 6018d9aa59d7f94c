import { createRequire } from 'node:module';

// The entry of the package is a JSON file.
const require = createRequire(import.meta.url);

/** One of the payloads that api.github.com documents for its webhooks, with the type under which it is registered. */
export type GitHubEvent = Readonly<{ type: string; payload: Readonly<Record<string, unknown>> }>;

type Definition = Readonly<{ name: string; examples: readonly Readonly<Record<string, unknown>>[] }>;

/** All 329 payloads of 58 kinds: `<name>.<action>` if the payload has an action that is text, otherwise `<name>`. */
export function readGitHubEvents(): GitHubEvent[] {
  const definitions: readonly Definition[] = require('@octokit/webhooks-examples');
  return definitions.flatMap(({ name, examples }) =>
    examples.map((payload) => ({
      type: typeof payload.action === 'string' ? `${name}.${payload.action}` : name,
      payload,
    })),
  );
}

/** Each type once, with its first payload as the example. */
export function eventTypesOf(events: readonly GitHubEvent[]): { name: string; example: unknown }[] {
  const examples = new Map<string, unknown>();
  for (const { type, payload } of events) if (!examples.has(type)) examples.set(type, payload);
  return [...examples].map(([name, example]) => ({ name, example }));
}
