import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeId } from '../../src/ids.ts';
import { schema } from '../../src/schema.ts';
import { openStage, type Stage } from '../support/stage.ts';
import { ask, recordOf, textAt } from './ask.ts';
import { openCredentials, secrets, type Tenant } from './credentials.ts';
import { idPaths, nameOf } from './id-paths.ts';
import { makeApp, type Owner, publishVersion } from './owners.ts';
import { type Own, walkRows } from './walk-rows.ts';

/**
 * Gives the cursor of each list to every list. A cursor of other records, or of another owner's, is refused like a
 * broken one. Cursors of one owner's records of one kind work in all lists of that kind.
 */
type List = Readonly<{ list: string; kind: string; owner: string; tenant: Tenant; own: Own }>;

const paths = idPaths(schema).filter(({ pageOf }) => pageOf !== undefined);
const ofParent = /^(?!Query\.)[A-Za-z]+\.(.+)$/;
const ofRecord = /^(Delivery|Endpoint|Event)\./;

let stage: Stage;
let lists: readonly List[];
let cursors: ReadonlyMap<List, string>;

beforeAll(async () => {
  stage = await openStage();
  const server = await stage.startServer({ ROLE: 'api', ...secrets });
  const credentials = await openCredentials(stage, server);

  async function listsOf(tenant: Tenant): Promise<List[]> {
    const app = await makeApp(tenant.maker);
    await tenant.owner.act('createApiKey', { name: 'a key', permissions: ['MANAGE_WEBHOOKS'] }, '__typename');
    await publishVersion(app);
    await tenant.owner.act('installApp', { appId: app.appId, permissions: [] }, '__typename');
    const records = async (owner: Owner): Promise<Own> => {
      const { id: delivery, eventId: event, endpointId: endpoint } = await owner.delivery('FAILED');
      // A test cannot be replayed, so it is turned into the delivery of an event.
      const uuid = decodeId('Delivery', delivery);
      await credentials.query(`update delivery set kind = 'EVENT' where id = $1`, [uuid]);
      await owner.act('replayDelivery', { id: delivery }, '__typename');
      return { tenant: tenant.name, app: app.appId, endpoint, event, delivery };
    };
    const [own, ofApp] = [await records(tenant.owner), await records(app)];
    return paths.flatMap(({ field, steps, pageOf: kind = '' }) => {
      if (steps[0] !== 'after') return [];
      const owner = field.startsWith('App.') ? app.appId : kind === 'Tenant' ? 'the platform' : tenant.name;
      const list = { list: field, kind, tenant };
      return [
        { ...list, owner, own },
        ...(ofRecord.test(field) ? [{ ...list, owner: app.appId, own: ofApp }] : []),
      ];
    });
  }

  lists = [...(await listsOf(credentials.ours)), ...(await listsOf(credentials.others))];
  cursors = new Map(
    await Promise.all(lists.map(async (list) => [list, textAt(await pageOf(list), 'startCursor')] as const)),
  );
});
afterAll(() => stage.close());

function answerOf({ list, tenant, own }: List, argument: string, cursor: string | null) {
  const document = walkRows[`${list}(${argument})`]?.document(JSON.stringify(cursor), own) ?? '';
  return ask(tenant.maker.origin, tenant.maker.proof, { document, variables: {} });
}

async function pageOf(list: List): Promise<Readonly<Record<string, unknown>>> {
  const answer = recordOf(await answerOf(list, 'after', null));
  const [, name = ''] = ofParent.exec(list.list) ?? [];
  return Object((name === '' ? answer : Object(answer[name])).pageInfo);
}

test.each(paths.map((path) => [nameOf(path), path] as const))(
  '%s takes its owner’s cursors of its kind, and no other',
  async (_name, { field, steps: [argument = ''] }) => {
    for (const list of lists.filter(({ list: name }) => name === field)) {
      const broken = await answerOf(list, argument, 'broken');
      expect(broken.errors).toMatchObject([
        {
          message: `\`${argument}\` is not a cursor of this list.`,
          extensions: { code: 'BAD_USER_INPUT', argument },
        },
      ]);
      let taken = 0;
      for (const [of, cursor] of cursors) {
        const about = `${list.owner}: the cursor of ${of.owner}’s ${of.list}`;
        const isOwn = of.kind === list.kind && of.owner === list.owner;
        const { errors, data } = await answerOf(list, argument, cursor);
        expect({ data, errors: errors.map(withoutRequest) }, about).toEqual(
          isOwn
            ? { data: expect.anything(), errors: [] }
            : { data: broken.data, errors: broken.errors.map(withoutRequest) },
        );
        taken += isOwn ? 1 : 0;
      }
      expect(taken).toBeGreaterThan(0);
    }
  },
);

const withoutRequest = ({ message, extensions }: { message: string; extensions?: object }) => ({
  message,
  extensions: { ...extensions, requestId: undefined },
});
