import { graphql } from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Actor } from '../../src/access/actor.ts';
import { createApp } from '../../src/apps/create-app.ts';
import { SigningSecrets } from '../../src/sending/signing-secrets.ts';
import { limitsWith } from '../support/limits.ts';
import '../../src/apps/app.graph.ts';
import { builder } from '../../src/graph/builder.ts';
import type { Context, Services } from '../../src/graph/context.ts';
import { encodeId, mintUuid } from '../../src/ids.ts';
import '../../src/installations/install-link.graph.ts';
// A schema needs a subscription.
import '../../src/deliveries/subscriptions.graph.ts';
import { openInstallState } from '../../src/installations/install-state.ts';
import { SecretBox } from '../../src/signing/secret-box.ts';
import { serviceActor } from '../access/actors.ts';
import { createTestDatabase, quietLogger, type TestDatabase } from '../support/database.ts';

let db: TestDatabase;
let appId: string;
const maker = mintUuid();
const secretBox = new SecretBox([{ id: 'test', key: Buffer.alloc(32, 7) }]);

const schema = builder.toSchema();

const member: Actor = { ...serviceActor(undefined, []), kind: 'USER', verifiedEmail: 'ann@example.com' };
const stranger: Actor = { ...member, verifiedEmail: 'eve@example.com' };
const administrator = (tenantId: string) => serviceActor(tenantId, ['MANAGE_APPS']);

beforeAll(async () => {
  db = await createTestDatabase();
  const by = { actor: serviceActor(maker), requestId: 'r' };
  const input = { name: 'Sheets', source: 'sheets.example', ownerEmail: 'ann@example.com' };
  const secrets = new SigningSecrets(secretBox);
  const { app } = await db.database.query
    .transaction()
    .execute((trx) => createApp(trx, { secrets, limits: limitsWith() }, { tenantId: maker, input, by }));
  appId = app.id;
});
afterAll(() => db.drop());

async function create(actor: Actor, changed: Record<string, unknown> = {}) {
  const services: Partial<Services> = {
    database: db.database,
    logger: quietLogger,
    secretBox,
    publicUrl: () => 'https://hooks.example',
  };
  const { data, errors } = await graphql({
    schema,
    source: `mutation ($input: CreateInstallLinkInput!) {
      createInstallLink(input: $input) {
        __typename
        ... on CreateInstallLinkPayload { url expiresAt }
        ... on ValidationError { issues { code } }
      }
    }`,
    contextValue: { services, actor, requestId: 'r', idempotencyKey: undefined } as Context,
    variableValues: { input: { appId: encodeId('App', appId), permissions: ['read'], ...changed } },
  });
  return errors?.map(({ originalError }) => Object(originalError).code) ?? Object(data?.createInstallLink);
}

async function stateFor(actor: Actor) {
  const { url } = await create(actor);
  expect(url).toMatch(/^https:\/\/hooks\.example\/install\/callback\?state=/);
  return openInstallState(secretBox, new URL(url).searchParams.get('state') ?? '');
}

const issue = (code: string) => ({ __typename: 'ValidationError', issues: [{ code }] });
const missing = { __typename: 'NotFoundError' };

test('an app that has published nothing is a missing one to others, and cannot be linked to', async () => {
  expect(await create(administrator(mintUuid()))).toEqual(missing);
  expect(await create(stranger)).toEqual(missing);
  expect(await create(member)).toEqual(issue('NOT_PUBLISHED'));
  expect(await create(administrator(maker))).toEqual(issue('NOT_PUBLISHED'));
  expect(await create(serviceActor(maker, ['MANAGE_WEBHOOKS']))).toEqual(['FORBIDDEN']);
});

test("a member's link is good for any tenant, an administrator's for their own alone", async () => {
  await db.database.query
    .insertInto('app_version')
    .values({
      ...{ app_id: appId, id: mintUuid(), version: '1', status: 'PUBLISHED' },
      ...{ webhook_categories: ['comment'], data_types: [] },
    })
    .execute();
  const tenantId = mintUuid();
  expect(await stateFor(member)).toMatchObject({ appId, tenantId: null, permissions: ['read'] });
  expect(await stateFor(administrator(tenantId))).toMatchObject({ appId, tenantId });
  expect(await create(stranger)).toEqual(missing);
  expect(await create(member, { appId: encodeId('App', mintUuid()) })).toEqual(missing);
  expect(await create(member, { appId: 'app_nonsense' })).toEqual(missing);
});

test('how long it is good, and for what, is checked', async () => {
  for (const expiresInSeconds of [0, 59, 2_592_001]) {
    expect(await create(member, { expiresInSeconds })).toEqual(issue('OUT_OF_RANGE'));
  }
  expect(await create(member, { permissions: ['two words'] })).toEqual(issue('INVALID_PERMISSION'));
  const { expiresAt } = await create(member, { expiresInSeconds: 60 });
  expect(new Date(expiresAt).getTime() - Date.now()).toBeGreaterThan(50_000);
});
