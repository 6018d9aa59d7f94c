import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Caller } from '../support/client.ts';
import { openStage, type Stage } from '../support/stage.ts';

/** The audits of the GraphQL-over-HTTP specification, run against the real program by a caller with a token. */
let stage: Stage;
let caller: Caller;
beforeAll(async () => {
  stage = await openStage();
  caller = await stage.callerOf(await stage.startServer());
});
afterAll(() => stage.close());

const audits = serverAudits({
  url: () => `${caller.origin}/graphql`,
  fetchFn: (url: string, init: RequestInit = {}) => {
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${caller.token}`);
    return fetch(url, { ...init, headers });
  },
});
const binding = audits.filter(({ name }) => /^(MUST|SHOULD) /.test(name));

test.each(binding.map((audit) => [`${audit.id} ${audit.name}`, audit] as const))(
  '%s',
  async (_name, audit) => {
    const result = await audit.fn();
    expect(result.status === 'ok' ? 'ok' : result.reason).toBe('ok');
  },
);

test('these are all that the specification demands or recommends', () => {
  expect(binding).toHaveLength(13 + 23);
  const others = audits.filter((audit) => !binding.includes(audit));
  expect(others.every(({ name }) => name.startsWith('MAY '))).toBe(true);
});
