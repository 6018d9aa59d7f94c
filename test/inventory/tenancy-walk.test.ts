import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeToken } from '../../src/access/api-key-token.ts';
import { encodeCursor } from '../../src/db/keyset.ts';
import { decodeId, encodeId, mintUuid, typeOfId } from '../../src/ids.ts';
import { schema } from '../../src/schema.ts';
import { openStage, type Stage } from '../support/stage.ts';
import { type Answer, ask, type Proof } from './ask.ts';
import { type Credentials, openCredentials, secrets } from './credentials.ts';
import { type IdPath, idPaths, nameOf } from './id-paths.ts';
import { type App, makeApp, type Owner } from './owners.ts';
import { nodeTypes } from './platform-rows.ts';
import { everyType, type Own, walkRows } from './walk-rows.ts';
import { startWatchedServer, type WatchedServer, type Work } from './watched-server.ts';

/**
 * Wherever a client can name a record, another owner's record is answered like one that does not exist: with the same
 * answer and with the same work, which is what an attacker could measure as time. Work is counted and not timed, as
 * the statements that were sent and the rows that came back. The name of the missing record has the same time as the
 * real one, and only its random part differs. A well-formed cursor that is not of the caller's own list is refused,
 * whoever owns it.
 *
 * The second barrier is in test/house/owner-scope.test.ts.
 */
type Asker = Readonly<{ who: string; proof: Proof; own: Own }>;

const paths = idPaths(schema);
/** A list of which every permitted caller may see everything. */
const platform = ['Query.tenants(after)', 'Query.tenants(before)'];

let stage: Stage;
let server: WatchedServer;
let credentials: Credentials;
let askers: readonly Asker[];
let owners: readonly Asker[];
let values: Readonly<Record<string, readonly string[]>>;
/** The UUIDs of the owners of `values`, by value. */
const ownerOf = new Map<string, string>();
let asked = 0;

beforeAll(async () => {
  stage = await openStage();
  server = await startWatchedServer(stage, { ROLE: 'api', ...secrets });
  credentials = await openCredentials(stage, server);
  const { ours, others, user, token, all } = credentials;
  const withinTenant = all.filter((name) => name !== 'MANAGE_TENANTS');
  const [ourApp, theirApp] = [await credentials.app(), await makeApp(others.maker)];
  values = await everythingOf(ourApp);
  const [theirTenants, theirApps] = [
    await ownOf(others.name, others.owner, theirApp),
    await ownOf(others.name, theirApp, theirApp),
  ];
  const { email, name: tenant } = others;
  askers = [
    {
      who: 'another tenant’s user, a member of another app',
      proof: await user(withinTenant, { tenant, email, email_verified: true, sub: 'walker' }),
      own: theirTenants,
    },
    {
      who: 'another tenant’s user',
      proof: await user(withinTenant, { tenant, sub: 'walker' }),
      own: theirTenants,
    },
    { who: 'another app', proof: await token(theirApp), own: theirApps },
  ];
  owners = [
    { who: 'our administrator', proof: ours.maker.proof, own: await ownOf(ours.name, ours.owner, ourApp) },
    { who: 'our app', proof: await token(ourApp), own: await ownOf(ours.name, ourApp, ourApp) },
  ];
});
afterAll(async () => {
  console.info(`${paths.length} paths, ${asked} requests`);
  await server.close();
  await stage.close();
});

/** One record of each type of our tenant and of our app, each by its id. */
async function everythingOf(app: App): Promise<Record<string, string[]>> {
  const { ours, oursId } = credentials;
  const found: Record<string, string[]> = {};
  for (const type of everyType) {
    const { idOf, needs } = nodeTypes[type] ?? {};
    if (idOf === undefined || needs === undefined) throw new Error(`Nothing makes a ${type}.`);
    const owned: readonly (Owner | App)[] =
      needs !== 'ANY_CREDENTIAL' && needs.app !== undefined ? [ours.owner, app] : [ours.owner];
    found[type] = [];
    for (const owner of type === 'App' ? [ours.owner] : owned) {
      const id = await idOf(owner, credentials);
      found[type].push(id);
      const ownerId = owner.appId === undefined ? decodeId('Tenant', oursId) : decodeId('App', owner.appId);
      if (ownerId !== undefined) ownerOf.set(id, ownerId);
    }
  }
  const guest = { appId: app.appId, email: 'guest@ours.example', permissions: ['MANAGE_APP'] };
  const { token } = await app.act('inviteAppMember', guest, 'token');
  return { ...found, tenant: [ours.name], token: [String(token)], position: ['1000'] };
}

async function ownOf(tenant: string, owner: Owner, app: App): Promise<Own> {
  const { id: delivery, eventId: event, endpointId: endpoint } = await owner.delivery();
  return { tenant, app: app.appId, endpoint, event, delivery };
}

/** A name with the same time that no record has. */
function twinOf(value: string, of: string): string {
  if (of === 'tenant') return `nowhere-${randomBytes(4).toString('hex')}`;
  if (of === 'token') return makeToken('hgi_');
  if (of === 'position') return '1001';
  const [, prefix = '', suffix = '', number = ''] = /^([a-z]+)_([0-9a-z]{26})(_\d+)?$/.exec(value) ?? [];
  const type = typeOfId(`${prefix}_`);
  const uuid = type === undefined ? undefined : decodeId(type, `${prefix}_${suffix}`);
  if (type === undefined || uuid === undefined) throw new Error(`${value} is no id.`);
  return `${encodeId(type, `${uuid.slice(0, -12)}${randomBytes(6).toString('hex')}`)}${number}`;
}

function literal(value: string, { pageOf }: IdPath, of: string): string {
  if (of === 'position') return value;
  const type = typeOfId(value);
  const uuid = pageOf === undefined || type === undefined ? undefined : decodeId(type, value);
  if (type === undefined || uuid === undefined) return JSON.stringify(value);
  // The owner of a missing record is missing, too.
  return JSON.stringify(encodeCursor({ kind: type, ownerId: ownerOf.get(value) ?? mintUuid() }, uuid));
}

async function sample({ proof, own }: Asker, path: IdPath, [value, of]: readonly [string, string]) {
  const row = walkRows[nameOf(path)];
  if (row === undefined) throw new Error(`${nameOf(path)} is walked by nobody.`);
  asked += 1;
  const name = String(asked);
  const written = literal(value, path, of);
  const document = row.document(written, own);
  const answer = await ask(server.origin, { ...proof, 'x-watched': name }, { document, variables: {} });
  return { shown: shownBy(answer, written), work: server.workFor(name) };
}

/** What the caller sees, without the value itself. */
const shownBy = ({ status, data, errors }: Answer, written: string) =>
  JSON.stringify({ status, data, errors }).replaceAll(written.replaceAll('"', ''), 'VALUE');

/** Reading the live log happens beside the request and is shared; it reads only the owner's data. */
const isOfRequest = (statement: string) => !/delivery_log|owner_log/.test(statement);

const workIn = ({ statements, rows }: Work, isStream: boolean) =>
  isStream
    ? { statements: statements.filter(isOfRequest).sort() }
    : { statements: [...statements].sort(), rows };

/** Asks for both until both took the same work, because the check of a credential adds work only from time to time. */
async function compare(asker: Asker, path: IdPath, [value, of]: readonly [string, string]) {
  const isStream = path.field.startsWith('Subscription.');
  const twin = twinOf(value, of);
  for (let tries = 1; ; tries += 1) {
    const real = await sample(asker, path, [value, of]);
    const missing = await sample(asker, path, [twin, of]);
    const [took, takes] = [workIn(real.work, isStream), workIn(missing.work, isStream)];
    const isSame = JSON.stringify(took) === JSON.stringify(takes);
    if (isSame || tries === 4) return { real: real.shown, missing: missing.shown, took, takes };
  }
}

/** A field that is null, without an error, for a caller that may not see it. */
const withheld = /:null\}+,"errors":\[\]\}$/;

describe.each(
  paths.filter((path) => !platform.includes(nameOf(path))).map((path) => [nameOf(path), path] as const),
)('%s', (name, path) => {
  test('another owner’s is answered as nobody’s, with the same work', async () => {
    const row = walkRows[name];
    if (row === undefined) throw new Error(`${name} is walked by nobody.`);
    const answers: string[] = [];
    for (const of of row.of) {
      for (const value of values[of] ?? []) {
        for (const asker of askers) {
          if (name.startsWith('Subscription.') && of === 'tenant' && asker.who === 'another app') continue;
          const { real, missing, took, takes } = await compare(asker, path, [value, of]);
          expect(real, `${asker.who}: ${of}`).toBe(missing);
          expect(took, `${asker.who}: ${of}`).toEqual(takes);
          answers.push(real);
        }
      }
    }
    const answered = answers.filter((answer) => !answer.includes('"FORBIDDEN"'));
    expect(answered.length).toBeGreaterThan(0);
    if (row.missing === undefined) return;
    const told = answered.filter((answer) => !withheld.test(answer));
    expect(told.length).toBeGreaterThan(0);
    for (const answer of told) expect(answer).toContain(row.missing);
  });
});

const named = paths.filter(
  ({ field, pageOf, steps }) =>
    field.startsWith('Query.') && pageOf === undefined && steps.at(-1) !== 'after',
);

test.each(named.map((path) => [nameOf(path), path] as const))(
  '%s finds for its owner what is asked',
  async (name, path) => {
    const { of: types = [], finds = types } = walkRows[name] ?? {};
    for (const of of finds) {
      const found: boolean[] = [];
      for (const value of values[of] ?? []) {
        for (const owner of owners) {
          const [real, missing] = [
            await sample(owner, path, [value, of]),
            await sample(owner, path, [twinOf(value, of), of]),
          ];
          found.push(real.shown !== missing.shown);
        }
      }
      expect([of, found.some(Boolean)]).toEqual([of, true]);
    }
  },
);

test('every path of the schema that takes an id is walked, and no other', () => {
  expect([...Object.keys(walkRows)].sort()).toEqual(paths.map(nameOf).sort());
});
