import { afterAll, beforeAll, expect, test } from 'vitest';
import { doorsOf, type FieldPermission } from '../../src/graph/permission.ts';
import { declaredBy } from '../../src/graph/permission-plugin.ts';
import { idPrefixes } from '../../src/ids.ts';
import { readInventory } from '../../src/inventory/capability.ts';
import { schema } from '../../src/schema.ts';
import { openStage, type Stage } from '../support/stage.ts';
import { appFields, appRows } from './app-rows.ts';
import { answered, ask } from './ask.ts';
import { type Credentials, openCredentials, secrets } from './credentials.ts';
import { deliveryRows, endpointRows } from './delivery-rows.ts';
import { type Demo, openDemo } from './demo.ts';
import { addMember, freshName } from './owners.ts';
import { nodeTypes, platformRows } from './platform-rows.ts';
import { kindsOf, proveAccess } from './prove-access.ts';
import { proveRoute, routeRows } from './route-rows.ts';
import type { Needs, Rows } from './row.ts';

/**
 * Proves for all operations of the service who may call them: for each capability of the inventory, the calls that
 * are allowed and those that are not. The rows state the permissions by hand; nothing is taken from the declarations
 * in the sources.
 */
const rows: Rows = { ...appRows, ...deliveryRows, ...endpointRows, ...platformRows };
const inventory = readInventory();
type Capability = Readonly<{ method: string; path: string }>;
const nameOf = ({ method, path }: Capability) => `${method} ${path}`;

/** The row in the form of a declaration. */
function doorsIn(needs: Needs): object | string {
  if (needs === 'ANY_CREDENTIAL') return needs;
  const { email, ...doors } = needs;
  return email === undefined ? doors : { ...doors, user: true };
}

/**
 * The declarations in the sources. Many of them have a second check behind them with the same answer, so the calls
 * alone would not show that the first is missing.
 */
function permissionOf({ method, path }: Capability): object | string | undefined {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  const root = roots.find((type) => type?.name.toUpperCase() === method);
  const { permission } = declaredBy(root?.getFields()[path]?.extensions.pothosOptions);
  return permission === undefined ? undefined : doorsOf(permission);
}

let stage: Stage;
let credentials: Credentials;
let demo: Demo;
let calls = 0;
beforeAll(async () => {
  stage = await openStage();
  const starting = openDemo();
  const server = await stage.startServer({
    ROLE: 'api',
    LOG_LEVEL: 'info',
    // Each capability is called with bad credentials from one address, and none of these calls may affect the next.
    BAD_CREDENTIALS_PER_MINUTE: '1000000',
    MAX_BULK_JOBS_PER_TENANT: '1000',
    ...secrets,
  });
  credentials = await openCredentials(stage, server);
  demo = await starting;
});
afterAll(async () => {
  console.info(`${inventory.length} capabilities, ${calls} calls`);
  await demo.close();
  await stage.close();
});

for (const capability of inventory) {
  const name = nameOf(capability);
  test(name, async () => {
    const route = routeRows[name];
    if (route !== undefined) {
      expect(capability.auth).toEqual(route.auth);
      calls += await proveRoute({ credentials, demo }, route);
      return;
    }
    const found = rows[name];
    if (found === undefined) throw new Error(`${name} has no row: nobody knows who may call it.`);
    calls += await proveAccess(credentials, capability, [found].flat());
    const needs = 'needs' in found ? found.needs : 'ANY_CREDENTIAL';
    expect(permissionOf(capability)).toEqual(doorsIn(needs));
    const { tenant, app } = needs === 'ANY_CREDENTIAL' ? {} : needs;
    expect(capability).toMatchObject({
      auth: kindsOf({ needs }),
      permissions: tenant === undefined ? [] : [tenant],
      appPermissions: app === undefined ? [] : [app],
    });
  });
}

test('every row is of something that the service can do', () => {
  const known = inventory.map(nameOf);
  expect([...Object.keys(rows), ...Object.keys(routeRows)].filter((name) => !known.includes(name))).toEqual(
    [],
  );
});

test('every capability names the test that proves it', () => {
  for (const capability of inventory) {
    expect(capability.proof).toBe(`test/inventory/access.test.ts: ${nameOf(capability)}`);
  }
});

test('every type of record that `node` finds has its row, and asks for what the row says', () => {
  const types = Object.keys(idPrefixes).filter((type) => !['SigningSecret', 'ConsoleLink'].includes(type));
  expect(Object.keys(nodeTypes).sort()).toEqual(types.sort());
  for (const [type, { needs }] of Object.entries(nodeTypes)) {
    const permission = schema.getType(type)?.extensions.permission as FieldPermission;
    expect([type, doorsOf(permission)]).toEqual([type, doorsIn(needs)]);
  }
});

test.each(appFields)('App.%s is null without %j', async (field, anyOf) => {
  const app = await credentials.app();
  const document = `query ($id: ID!) { app(id: $id) { ${field} } }`;
  const everything = appFields.flatMap(([, names]) => names);
  const shown = async (permissions: readonly string[]) => {
    const email = `${freshName('member')}@ours.example`;
    const proof = await credentials.person(email);
    await addMember(credentials, app, { email, permissions, proof });
    const answer = await ask(credentials.origin, proof, { document, variables: { id: app.appId } });
    expect(answer.errors).toEqual([]);
    return Object.values(Object(answered(answer)))[0];
  };
  for (const permission of anyOf) expect(await shown([permission]), permission).not.toBeNull();
  const others = [...new Set([...everything, 'MANAGE_APP', 'PUBLISH_VERSIONS'])];
  expect(await shown(others.filter((name) => !anyOf.includes(name)))).toBeNull();
});
