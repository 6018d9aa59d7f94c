import { afterAll, beforeAll, expect, test } from 'vitest';
import { EventTypeCatalogue } from '../../src/event-types/payload-validator.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { register } from './registered.ts';

let db: TestDatabase;
let catalogue: EventTypeCatalogue;
beforeAll(async () => {
  db = await createTestDatabase();
  catalogue = new EventTypeCatalogue(db.database);
});
afterAll(() => db.drop());

test('a type counts as soon as it is registered', async () => {
  expect(await catalogue.get('fresh.one')).toBeUndefined();
  const registered = await register(db.database, { name: 'fresh.one' });
  expect(await catalogue.get('fresh.one')).toEqual(registered);
});

test('many names are found at once, the unknown left out', async () => {
  await register(db.database, { name: 'many.a' });
  await register(db.database, { name: 'many.b' });
  await catalogue.get('many.a');
  const found = await catalogue.getMany(['many.a', 'many.b', 'many.a', 'many.none', 'nul\u0000']);
  expect([...found.keys()].sort()).toEqual(['many.a', 'many.b']);
});

test('a payload is checked by its type’s schema; without one every payload is good', async () => {
  const strict = await register(db.database, {
    name: 'strict',
    schema: { type: 'object', required: ['id'] },
    example: { id: 1 },
  });
  const lax = await register(db.database, { name: 'lax' });
  expect(catalogue.validate(strict, {})).toMatchObject([{ path: ['id'], code: 'SCHEMA_MISMATCH' }]);
  expect(catalogue.validate(strict, { id: 1 })).toEqual([]);
  expect(catalogue.validate(lax, 'anything')).toEqual([]);
});
