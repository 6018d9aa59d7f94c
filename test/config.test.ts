import { expect, test } from 'vitest';
import { readConfig } from '../src/config.ts';
import { parseProxy } from '../src/egress/proxy.ts';

test.each([
  ['CRON_SECRET', 'with a space', 'visible ASCII'],
  ['CRON_SECRET', 'pässwörter', 'visible ASCII'],
  ['CRON_SECRET', 'a'.repeat(1_001), 'visible ASCII'],
  ['TEST_CONTROL_SECRET', 'one\ntwo-three', 'visible ASCII'],
  ['EGRESS_PROXY', 'http://%', 'must be a URL'],
  ['PUBLIC_URL', 'https://user:password@hooks.example', 'must have no user name'],
])('%s=%s is refused with the reason', (name, value, reason) => {
  expect(() => readConfig({ [name]: value })).toThrow(reason);
});

test('a proxy’s password with a lone percent sign is refused with the reason', () => {
  expect(() => parseProxy('http://user:100%@proxy.internal:3128')).toThrow('EGRESS_PROXY must have `%25`');
  expect(parseProxy('http://user:100%25@proxy.internal').authorization).toBe(`Basic ${btoa('user:100%')}`);
});

test('what can be used is taken', () => {
  const config = readConfig({
    CRON_SECRET: ' a/b+c=d~ ',
    TEST_CONTROL_SECRET: 'x'.repeat(1_000),
    EGRESS_PROXY: 'http://user:100%25@proxy.internal:3128',
  });
  expect(config).toMatchObject({
    cronSecret: 'a/b+c=d~',
    egressProxy: 'http://user:100%25@proxy.internal:3128',
  });
});
