import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import '../../src/app.ts';
import { createBuilder } from '../../src/graph/builder.ts';
import { type CapabilityEntry, readInventory } from '../../src/inventory/capability.ts';
import { findSources } from '../../src/inventory/find-sources.ts';
import { generateInventory } from '../../src/inventory/generate-inventory.ts';
import { takeInventory } from '../../src/inventory/take-inventory.ts';
import { declaredRoutes } from '../../src/route.ts';
import { schema } from '../../src/schema.ts';

const root = new URL('../../', import.meta.url);
const inventory = readInventory();
const nameOf = ({ method, path }: Pick<CapabilityEntry, 'method' | 'path'>) => `${method} ${path}`;

test('the generated files are what generating them gives', () => {
  for (const [path, text] of generateInventory(schema, root)) {
    expect(readFileSync(new URL(path, root), 'utf8')).toBe(text);
  }
});

test('every root field and every declared route is in it, once', () => {
  const fields = [
    ['QUERY', schema.getQueryType()] as const,
    ['MUTATION', schema.getMutationType()] as const,
    ['SUBSCRIPTION', schema.getSubscriptionType()] as const,
  ].flatMap(([kind, type]) => Object.keys(type?.getFields() ?? {}).map((name) => `${kind} ${name}`));
  expect(inventory.map(nameOf).sort()).toEqual([...fields, ...declaredRoutes().map(nameOf)].sort());
});

test('the line that `source` names declares the field or the route', () => {
  for (const { method, path, source, family } of inventory) {
    const [file = '', line = ''] = source.split(':');
    const lines = readFileSync(new URL(file, root), 'utf8').split('\n');
    const declaration = lines.slice(Number(line) - 1, Number(line) + 2).join('\n');
    const isRoute = method === 'GET' || method === 'POST';
    expect(declaration).toContain(isRoute ? `method: '${method}',\n  path: '${path}'` : path);
    expect(lines[Number(line) - 1]).toMatch(isRoute ? /declareRoute/ : new RegExp(`\\b${path}\\b`));
    expect(file.split('/')[1]).toBe(family);
  }
});

test('every route of the sources is a declared one', () => {
  const sources = findSources(root);
  for (const place of sources.values()) {
    const [file = ''] = place.split(':');
    const text = readFileSync(new URL(file, root), 'utf8');
    const paths = text.match(/^\s*path: '\//gm)?.length ?? 0;
    expect([file, text.match(/declareRoute\(\{/g)?.length ?? 0]).toEqual([file, paths]);
  }
});

test('a credential that can never hold the permission is not named', () => {
  const byName = new Map(inventory.map((entry) => [nameOf(entry), entry]));
  const authOf = (name: string) => byName.get(name)?.auth;
  expect(authOf('QUERY viewer')).toEqual(['API_KEY', 'USER', 'SERVICE', 'CONSOLE_LINK', 'APP']);
  expect(authOf('MUTATION createTenant')).toEqual(['USER', 'SERVICE']);
  expect(authOf('MUTATION createApiKey')).toEqual(['API_KEY', 'USER', 'SERVICE', 'CONSOLE_LINK']);
  expect(authOf('MUTATION acceptAppInvitation')).toEqual(['USER']);
  expect(authOf('POST /internal/cron/:job')).toEqual(['CRON_SECRET']);
});

test('errors are those of the result union and those of the request', () => {
  const createEndpoint = inventory.find(({ path }) => path === 'createEndpoint');
  expect(createEndpoint).toMatchObject({
    permissions: ['MANAGE_WEBHOOKS'],
    errors: expect.arrayContaining(['UNAUTHENTICATED', 'FORBIDDEN', 'VALIDATION_FAILED', 'LIMIT_EXCEEDED']),
    response: expect.stringContaining('CreateEndpointPayload | '),
  });
  expect(inventory.find(({ path }) => path === 'deliveryLog')?.errors).toContain('LOG_POSITION_EXPIRED');
});

test('a field without declarations, or one that cannot be found, stops the generation', () => {
  const builder = createBuilder();
  builder.queryField('hidden', (t) =>
    t.boolean({
      permission: 'ANY_CREDENTIAL',
      capability: { records: [], sideEffects: [], idempotency: '' },
      resolve: () => true,
    }),
  );
  const hidden = builder.toSchema();
  expect(() => takeInventory({ schema: hidden, routes: [], sources: new Map() })).toThrow(
    'declaration of QUERY hidden was not found',
  );
});
