import { isDeepStrictEqual } from 'node:util';
import {
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLObjectType,
  getNamedType,
  isInputObjectType,
  isLeafType,
  isObjectType,
  isUnionType,
} from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hasLostNumbers } from '../../src/exact-json.ts';
import { schema } from '../../src/schema.ts';
import type { Caller } from '../support/client.ts';
import { openStage, type Stage } from '../support/stage.ts';
import { callOf, type Place, placesOf, type Usual } from './every-input.ts';
import { furnish, usualIn } from './furnished.ts';

/** What is unusual and may be right: most of it is refused in most places. */
const texts = [
  '',
  ' padded ',
  'tab\tand\u00a0space',
  'e\u0301 is not \u00e9',
  '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}',
  '\ufeffmarked',
  'İẞſ',
  '%41&amp;\\u0041+',
  'null',
  '1e5',
  '__proto__',
  'https://receiver.example/hook',
  'https://Receiver.example:443/a/../%7Eb?c=%zz',
  'https://receiver.example/ö',
  'svix-',
  '2026-03-01',
  'note.*',
  '*',
  'x'.repeat(200),
];
const instants = [
  '2026-03-01T09:30:00Z',
  '2999-12-31t23:59:59.999999z',
  '9999-12-31T23:59:59+00:01',
  '2999-01-01T00:00:00+14:00',
];
/** As texts: numbers are sent in their own spelling. */
const jsonTexts = [
  '0.1',
  '6.022e23',
  '1.5e300',
  '9007199254740991',
  '9007199254740993',
  '1e400',
  '{"b":1,"2":2,"__proto__":{"a":[]},"":null}',
  '{"a":{"const":12345678901234567890}}',
  '"\\ud800\\u0000"',
  '[[[[]]],{}]',
  'true',
];
const numbers = [0, 1, 60, 400, 429, 599, 1_000, 3_600, 60_000, 86_400, 2 ** 31 - 1];
const values: Readonly<Record<string, readonly string[]>> = {
  String: texts.map((text) => JSON.stringify(text)),
  ID: [],
  Int: [...numbers.map(String), '[0,5,300]', '[599,400]'],
  SafeInt: numbers.map(String),
  Boolean: ['true', 'false'],
  DateTime: instants.map((text) => JSON.stringify(text)),
  JSON: jsonTexts,
};

let stage: Stage;
let caller: Caller;
let usual: Usual;
beforeAll(async () => {
  stage = await openStage();
  const server = await stage.startServer({ ROLE: 'api' });
  const email = 'admin@acme.example';
  caller = await stage.callerOf(server, { sub: 'admin', tenant: 'acme', email, email_verified: true });
  usual = usualIn(await furnish(caller));
});
afterAll(() => stage.close());

type Mutation = GraphQLField<unknown, unknown>;
type Json = Readonly<Record<string, unknown>>;

/** Where an answer shows what was given: the way down to the record, and what is selected there. */
type Shown = Readonly<{ way: readonly string[]; name: string; selection: string; of: GraphQLObjectType }>;

/** The payload's field that has the name and the kind of an input's field, or that of a record in it. */
function shownIn(
  of: GraphQLObjectType,
  sought: { name: string; given: GraphQLNamedType },
  depth = 0,
): Shown[] {
  const { name, given } = sought;
  const same = of.getFields()[name];
  const selection = same === undefined ? undefined : commonSelection(given, getNamedType(same.type));
  if (selection !== undefined) return [{ way: [], name, selection, of }];
  return Object.values(of.getFields()).flatMap((field) => {
    const named = getNamedType(field.type);
    if (depth > 1 || !isObjectType(named) || field.args.length > 0) return [];
    const within = shownIn(named, sought, depth + 1);
    return within.map((shown) => ({ ...shown, way: [field.name, ...shown.way] }));
  });
}

function commonSelection(given: GraphQLNamedType, shown: GraphQLNamedType): string | undefined {
  if (isLeafType(shown)) return isInputObjectType(given) ? undefined : '';
  if (!isInputObjectType(given) || !isObjectType(shown)) return undefined;
  const common = Object.keys(given.getFields()).filter((field) => field in shown.getFields());
  return common.length === 0 ? undefined : `{ ${common.join(' ')} }`;
}

function payloadOf(mutation: Mutation): GraphQLObjectType {
  const result = getNamedType(mutation.type);
  const members = isUnionType(result) ? result.getTypes() : [];
  const payload = members.find(({ name }) => name.endsWith('Payload'));
  if (payload === undefined) throw new Error(`${mutation.name} has no payload.`);
  return payload;
}

/** Of the inputs on the way to a place the last one that the answer shows: `headers` for the value of a header. */
function shownOf(mutation: Mutation, place: Place): { depth: number; shown: Shown } | undefined {
  const keys = place.path.split('.').slice(1);
  let inputs: readonly { name: string; type: unknown }[] = mutation.args;
  let found: { depth: number; shown: Shown } | undefined;
  for (const [depth, key] of keys.entries()) {
    const input = inputs.find(({ name }) => name === key);
    const given = getNamedType(input?.type as Parameters<typeof getNamedType>[0]) as GraphQLNamedType;
    const [shown] = shownIn(payloadOf(mutation), { name: key, given });
    // A replay's key is its own, and not that of the event which it repeats.
    const isOfCall = key === 'idempotencyKey' && mutation.name !== 'publishEvents';
    if (shown !== undefined && !isOfCall) found = { depth, shown };
    inputs = isInputObjectType(given) ? Object.values(given.getFields()) : [];
  }
  return found;
}

/** Follows names; of a list the first entry. */
const at = (value: unknown, way: readonly string[]): unknown =>
  way.reduce<unknown>((found, key) => Object(Array.isArray(found) ? found[0] : found)[key], value);

async function post(query: string, variables: string): Promise<Json> {
  const response = await fetch(`${caller.origin}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${caller.token}` },
    body: `{"query":${JSON.stringify(query)},"variables":${variables}}`,
  });
  const text = await response.text();
  expect([response.status < 500, text]).toEqual([true, expect.not.stringContaining('"INTERNAL"')]);
  return JSON.parse(text).data ?? {};
}

const mark = 'the value that is tried';

/** What was given, answered and read afterwards; undefined where it was refused. */
async function readBack(mutation: Mutation, place: Place, value: string): Promise<unknown[] | undefined> {
  const found = shownOf(mutation, place);
  if (found === undefined) return undefined;
  const marked = JSON.stringify(place.variables(mark));
  const isList = place.type !== 'JSON' && value.startsWith('[');
  const variables = marked.replace(isList ? `["${mark}"]` : `"${mark}"`, () => value);
  const { way, name, selection, of } = found.shown;
  const isNode = of.getInterfaces().some((one) => one.name === 'Node');
  const asked = way.reduceRight(
    (inner, field) => `${field} { ${inner} }`,
    `${isNode ? 'id' : ''} ${name} ${selection}`,
  );
  const document = callOf('mutation', mutation, `{ ... on ${payloadOf(mutation).name} { ${asked} } }`);
  const record = at(await post(document, variables), [mutation.name, ...way]);
  if (Object(record)[name] === undefined) return undefined;
  const given = at(JSON.parse(variables), place.path.split('.').slice(1, found.depth + 2));
  if (!isNode) return [given, at(record, [name])];
  const query = `query ($id: ID!) { node(id: $id) { ... on ${of.name} { ${name} ${selection} } } }`;
  const later = await post(query, JSON.stringify({ id: at(record, ['id']) }));
  return [given, at(record, [name]), at(later, ['node', name])];
}

/** As it can be compared: an instant by its milliseconds, headers by what was given of them. */
function comparable(place: Place, given: unknown, shown: unknown): [given: unknown, shown: unknown] {
  if (place.description.includes('White space around it is removed.')) return [String(given).trim(), shown];
  if (place.type === 'DateTime') {
    return [Date.parse(String(given).toUpperCase()), Date.parse(String(shown))];
  }
  if (!Array.isArray(given) || !Array.isArray(shown)) return [given, shown];
  const only = (entry: unknown, index: number) =>
    typeof given[index] === 'object' && given[index] !== null && place.type !== 'JSON'
      ? Object.fromEntries(Object.keys(given[index]).map((key) => [key, Object(entry)[key]]))
      : entry;
  return [given, shown.map(only)];
}

test('whatever a mutation takes is shown as it was given, at once and later', {
  timeout: 300_000,
}, async () => {
  const taken = new Map<string, number>();
  const wrong: unknown[] = [];
  for (const mutation of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    for (const place of placesOf(mutation, usual)) {
      for (const value of values[place.type] ?? []) {
        const found = await readBack(mutation, place, value);
        if (found === undefined) continue;
        const [given, ...shown] = found;
        for (const one of shown) {
          const [expected, seen] = comparable(place, given, one);
          const isLost = place.type === 'JSON' && hasLostNumbers(value);
          if (isLost || !isDeepStrictEqual(seen, expected)) wrong.push([place.path, value, one]);
        }
        taken.set(mutation.name, (taken.get(mutation.name) ?? 0) + 1);
      }
    }
  }
  expect(wrong).toEqual([]);
  expect([...taken.keys()]).toEqual(
    expect.arrayContaining(['createEndpoint', 'updateEndpoint', 'publishEvents']),
  );
  expect([...taken.values()].reduce((sum, count) => sum + count)).toBeGreaterThan(150);
});
