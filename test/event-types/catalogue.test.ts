import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { platformOwnerId } from '../../src/access/actor.ts';
import { listAudit } from '../../src/audit/list-audit.ts';
import { deprecateEventType } from '../../src/event-types/catalogue.ts';
import { findEventType, listEventTypes } from '../../src/event-types/event-type.ts';
import { encodeId } from '../../src/ids.ts';
import { serviceActor } from '../access/actors.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { register as registerIn } from './registered.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

const register = (input: Parameters<typeof registerIn>[1]) => registerIn(db.database, input);
const deprecate = (name: string, reason: string) =>
  db.database.query
    .transaction()
    .execute((trx) =>
      deprecateEventType(trx, { name, reason }, { actor: serviceActor(), requestId: 'request-1' }),
    );
const auditOf = async (id: string) =>
  (
    await listAudit(db.database, platformOwnerId, {
      page: {},
      filter: { targetId: encodeId('EventType', id) },
    })
  ).rows.map(({ action, changes }) => ({ action, changes }));

const objectSchema = { type: 'object', required: ['id'], properties: { id: { type: 'integer' } } };

describe('registering', () => {
  test('adds a type and an audit entry', async () => {
    const type = await register({ name: 'comment.created', schema: objectSchema, example: { id: 7 } });
    expect(type).toEqual({
      id: expect.any(String),
      name: 'comment.created',
      category: 'comment',
      description: 'Something happened.',
      dataType: 'Thing',
      schema: objectSchema,
      example: { id: 7 },
      isLifecycle: false,
      deprecatedAt: null,
      deprecationReason: null,
    });
    expect(await findEventType(db.database, 'comment.created')).toEqual(type);
    expect(await auditOf(type.id)).toMatchObject([
      { action: 'event_type.register', changes: { hasSchema: true } },
    ]);
  });

  test('a name that is taken is a conflict, also of two at once', async () => {
    const results = await Promise.allSettled([register({ name: 'twice' }), register({ name: 'twice' })]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    await expect(register({ name: 'twice' })).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  test('keeps the order and the text of what was given', async () => {
    const example = { b: 1, a: ['\u0000', '\ud800', '\u{1f600}'], nothing: null };
    const { example: kept } = await register({ name: 'order', example });
    expect(JSON.stringify(kept)).toBe(JSON.stringify(example));
  });

  test.each([
    '',
    'Comment.created',
    'comment..created',
    '.created',
    'comment.',
    'comment created',
    'comment.*',
    '*',
    'é',
    'a\u0000',
    'a\n',
    'x'.repeat(129),
  ])('the name %j is refused', async (name) => {
    await expect(register({ name })).rejects.toMatchObject({
      issues: [{ path: ['name'], code: 'INVALID_NAME' }],
    });
  });

  test.each(['app', 'app.installed', 'app.other', 'endpoint.disabled', 'endpoint.x.y'])(
    'the name %s belongs to the platform',
    async (name) => {
      await expect(register({ name })).rejects.toMatchObject({
        issues: [{ path: ['name'], code: 'RESERVED_NAME' }],
      });
    },
  );

  test('names that only look like the platform’s are free', async () => {
    expect((await register({ name: 'apps.created' })).category).toBe('apps');
    expect((await register({ name: `x.${'y'.repeat(126)}` })).category).toBe('x');
    expect((await register({ name: 'on-demand.test-run' })).category).toBe('on-demand');
  });

  test('the error about an example that breaks the schema names the place', async () => {
    const example = { id: 'seven', list: [] };
    await expect(register({ name: 'broken', schema: objectSchema, example })).rejects.toMatchObject({
      issues: [{ path: ['example', 'id'], code: 'SCHEMA_MISMATCH' }],
    });
    await expect(register({ name: 'broken', schema: objectSchema, example: {} })).rejects.toMatchObject({
      issues: [{ path: ['example', 'id'] }],
    });
  });

  test('every broken rule is named at once', async () => {
    const input = { name: 'A', description: ' ', dataType: 'x'.repeat(129), schema: 7 };
    await expect(register(input)).rejects.toMatchObject({
      issues: [{ path: ['name'] }, { path: ['description'] }, { path: ['dataType'] }, { path: ['schema'] }],
    });
  });

  test('an example too large or too deep is refused', async () => {
    const large = register({ name: 'large', example: 'x'.repeat(262_143) });
    await expect(large).rejects.toMatchObject({ issues: [{ code: 'TOO_LARGE' }] });
    let deep: unknown = 1;
    for (let level = 0; level < 10_000; level += 1) deep = [deep];
    await expect(register({ name: 'deep', example: deep })).rejects.toMatchObject({
      issues: [{ code: 'TOO_DEEP' }],
    });
  });
});

describe('deprecating', () => {
  test('keeps the first date, takes the newest reason, and audits each change once', async () => {
    const { id } = await register({ name: 'old.thing' });
    const first = await deprecate('old.thing', 'Use new.thing.');
    expect(first).toMatchObject({ deprecatedAt: expect.any(Date), deprecationReason: 'Use new.thing.' });
    expect(await deprecate('old.thing', ' Use new.thing. ')).toEqual(first);
    const second = await deprecate('old.thing', 'Use newer.thing.');
    expect(second).toEqual({ ...first, deprecationReason: 'Use newer.thing.' });
    expect((await auditOf(id)).map(({ action }) => action)).toEqual([
      'event_type.deprecate',
      'event_type.deprecate',
      'event_type.register',
    ]);
  });

  test('an unknown type is missing', async () => {
    for (const name of ['no.such', 'No Such', 'nul\u0000']) {
      await expect(deprecate(name, 'Gone.')).rejects.toMatchObject({ code: 'NOT_FOUND', missingId: name });
    }
  });

  test('a reason is needed, and the platform’s own types stay', async () => {
    await register({ name: 'reasonless' });
    await expect(deprecate('reasonless', ' ')).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    await expect(deprecate('app.installed', 'Gone.')).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });
});

describe('listing', () => {
  test('goes by name, of one category or all, without the deprecated unless they are asked for', async () => {
    await register({ name: 'list.b' });
    await register({ name: 'list.a' });
    await register({ name: 'list.c' });
    await deprecate('list.c', 'Gone.');
    const names = async (filter: Parameters<typeof listEventTypes>[1]) =>
      (await listEventTypes(db.database, filter)).map(({ name }) => name);
    expect(await names({ category: 'list', includeDeprecated: false })).toEqual(['list.a', 'list.b']);
    expect(await names({ category: 'list', includeDeprecated: true })).toEqual([
      'list.a',
      'list.b',
      'list.c',
    ]);
    expect(await names({ category: 'lis', includeDeprecated: true })).toEqual([]);
    expect(await names({ category: 'nul\u0000', includeDeprecated: true })).toEqual([]);
    expect(await names({ includeDeprecated: true })).toEqual(
      (await names({ includeDeprecated: true })).sort(),
    );
  });

  test('shows the platform’s own types from the start', async () => {
    const types = await listEventTypes(db.database, { category: 'app', includeDeprecated: false });
    expect(types.map(({ name, isLifecycle }) => [name, isLifecycle])).toEqual([
      ['app.installed', true],
      ['app.permissions_updated', true],
      ['app.secret_rotated', true],
      ['app.uninstalled', true],
      ['app.version_published', true],
    ]);
    expect(await findEventType(db.database, 'endpoint.disabled')).toMatchObject({ isLifecycle: false });
  });
});
