import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAuthenticator } from '../../src/access/authenticate.ts';
import { createTestDatabase, quietLogger, type TestDatabase } from '../support/database.ts';
import { configWith, createIssuer } from './issuer.ts';

let db: TestDatabase;
const dataDir = mkdtempSync(join(tmpdir(), 'heliograph-token-'));
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(async () => {
  await db.drop();
  rmSync(dataDir, { recursive: true });
});

const run = promisify(execFile);
const environment = {
  DATA_DIR: dataDir,
  JWT_ISSUER: 'https://issuer.example',
  JWT_AUDIENCE: 'heliograph-test',
};

const printToken = (args: readonly string[], more: NodeJS.ProcessEnv = {}) =>
  run(process.execPath, ['--import', 'tsx', 'src/commands/token.ts', ...args], {
    env: { PATH: process.env.PATH, ...environment, ...more },
  });

test('prints a token, alone, that the service takes', async () => {
  const { stdout } = await printToken([
    ...['--tenant', 'acme', '--permissions', 'manage_webhooks,publish_events'],
    ...['--sub', 'ann', '--email', 'ann@example.com', '--expires', '60'],
  ]);
  const authenticator = createAuthenticator({
    config: configWith({ DATA_DIR: dataDir }),
    database: db.database,
    logger: quietLogger,
  });
  expect(await authenticator.authenticate({ authorization: `Bearer ${stdout.trim()}` })).toMatchObject({
    kind: 'USER',
    actorId: 'ann',
    verifiedEmail: 'ann@example.com',
    permissions: new Set(['MANAGE_WEBHOOKS', 'PUBLISH_EVENTS']),
  });
  expect(statSync(join(dataDir, 'dev-jwk.json')).mode & 0o777).toBe(0o600);
});

test.each([
  [
    'an unknown permission',
    ['--permissions', 'manage_webhook'],
    'contains manage_webhook, which is not a permission',
  ],
  ['an unknown kind', ['--kind', 'app'], '--kind must be user or service'],
  ['an unknown option', ['--tenat', 'acme'], '--tenat'],
])('refuses %s', async (_name, args, message) => {
  await expect(printToken(args)).rejects.toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining(message),
  });
});

test('refuses where another issuer is configured', async () => {
  const { jwks } = await createIssuer();
  await expect(printToken([], { JWT_JWKS: jwks })).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('tokens must come from that issuer'),
  });
});
