import {
  buildSchema,
  type ExecutionResult,
  execute,
  type GraphQLSchema,
  getIntrospectionQuery,
  parse,
} from 'graphql';
import { expect, test } from 'vitest';
import { executeQuery } from '../../src/execution/execute-query.ts';

/** A schema of every kind of type. What its fields return depends on their names alone, and much of it fails. */
const schema = buildSchema(`
  interface Named { name: String }
  type Cat implements Named { name: String lives: Int! friend: Named friends: [Named] cats: [[Cat]] bad: Int }
  type Dog implements Named { name: String! barks(times: Int = 2, loud: Boolean): [String!]! owner: Person! other: Pet mood: Mood }
  type Person { pets(first: Int): [Pet]! pet: Pet home: Home! lost: Home }
  type Home { street: String! number: Int! nobody: String! owner: Person }
  union Pet = Cat | Dog
  enum Mood { GOOD BAD }
  input Where { name: String! mood: Mood = BAD }
  type Query { cat: Cat dog: Dog! pet(where: Where): Pet pets: [Pet] named: [Named]! strict: [Cat!]! person: Person home: Home! echo(where: Where, list: [Int!]): String }
`);

/** Numbers from 0 to 1 that are the same in each run. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

const typeNames = ['Cat', 'Dog', 'Person', 'Home'];
const hashOf = (text: string) =>
  [...text].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 9_973, 7);

/** Resolvers that fail, wait or answer, as the place in the result and the seed say. */
function rootOf(seed: number): object {
  const make = (type: string, path: string, depth: number): object => {
    const value = (field: string, answer: () => unknown) => () => {
      const chance = hashOf(`${seed}/${path}/${field}`) % 20;
      if (chance === 0) throw new Error(`${field} threw`);
      if (chance === 1) return Promise.reject(new Error(`${field} was rejected`));
      if (chance === 2) return null;
      if (chance === 3) return new Error(`${field} is an error`);
      if (chance === 4) return 'not what was promised';
      return chance < 10 ? Promise.resolve(answer()) : answer();
    };
    const one = (field: string, ...types: string[]) =>
      value(field, () => {
        if (depth > 5) return null;
        return make(types[hashOf(path + field) % types.length] ?? '', `${path}/${field}`, depth + 1);
      });
    const many = (field: string, ...types: string[]) =>
      value(field, () =>
        [0, 1, 2].slice(depth > 3 ? 2 : 0).map((index) => {
          const chance = hashOf(`${seed}/${path}/${field}${index}`) % 20;
          if (chance < 2) return chance === 0 ? null : new Error(`${field}${index} failed`);
          const type = types[chance % types.length] ?? '';
          return depth > 5 ? null : make(type, `${path}/${field}${index}`, depth + 1);
        }),
      );
    return {
      __typename: hashOf(`${seed}${path}`) % 40 === 0 ? 'Nothing' : type,
      name: value('name', () => `${type} ${path.length}`),
      lives: value('lives', () => 9),
      bad: value('bad', () => 'no number'),
      street: value('street', () => 'High Street'),
      number: value('number', () => 1.5),
      nobody: value('nobody', () => null),
      mood: value('mood', () => 'GOOD'),
      friend: one('friend', 'Cat', 'Dog'),
      friends: many('friends', 'Cat', 'Dog'),
      cats: value('cats', () => [[make('Cat', `${path}/c`, depth + 3)], null, 'none']),
      barks: ({ times, loud }: { times: number; loud?: boolean }) =>
        Array(times).fill(loud === true ? 'WOOF' : 'woof'),
      owner: one('owner', 'Person'),
      other: one('other', 'Cat', 'Dog', 'Person'),
      pets: many('pets', 'Cat', 'Dog'),
      pet: one('pet', 'Cat', 'Dog'),
      home: one('home', 'Home'),
      lost: value('lost', () => undefined),
      cat: one('cat', 'Cat'),
      dog: one('dog', 'Dog'),
      named: many('named', 'Cat', 'Dog'),
      strict: [],
      person: one('person', 'Person'),
      echo: (args: object) => JSON.stringify(args),
    };
  };
  return make('Query', '', 0);
}

/** A document with fields, aliases, fragments and conditions at random. */
function documentOf(seed: number): string {
  const next = numbers(seed);
  const pick = <Item>(list: readonly Item[]): Item => list[Math.floor(next() * list.length)] as Item;
  const fragments: string[] = [];
  const condition = () => {
    const chance = next();
    return chance < 0.08
      ? ' @skip(if: $yes)'
      : chance < 0.16
        ? ' @include(if: $no)'
        : chance < 0.2
          ? ' @include(if: true)'
          : '';
  };
  const setOf = (typeName: string, depth: number): string => {
    const type = schema.getType(typeName);
    const fields =
      type !== undefined && 'getFields' in type
        ? Object.values(
            (type as { getFields(): Record<string, { name: string; type: unknown }> }).getFields(),
          )
        : [];
    const parts = Array.from({ length: 1 + Math.floor(next() * 4) }, (): string => {
      const chance = next();
      if (fields.length === 0 || chance < 0.2) {
        const within =
          typeName === 'Query'
            ? 'Query'
            : pick(fields.length === 0 ? ['Cat', 'Dog', 'Named'] : [typeName, 'Named', ...typeNames]);
        if (depth > 4) return '__typename';
        return `... on ${within}${condition()} { ${setOf(within, depth + 1)} }`;
      }
      if (chance < 0.3 && depth < 4) {
        const name = `F${fragments.length}`;
        fragments.push('');
        fragments[Number(name.slice(1))] =
          `fragment ${name} on ${typeName} { ${setOf(typeName, depth + 1)} }`;
        return `...${name}${condition()}`;
      }
      const field = pick(fields);
      const inner = String(field.type).replace(/[[\]!]/g, '');
      const alias = chance > 0.9 ? pick(['a: ', 'b: ', '__proto__: ', 'then: ']) : '';
      const args =
        field.name === 'barks'
          ? pick(['', '(times: 1)', '(times: $n, loud: $no)', '(loud: $yes)'])
          : field.name === 'echo'
            ? pick(['', '(where: { name: "x" })', '(list: [1, 2])', '(where: $where)'])
            : '';
      const isLeaf = ['String', 'Int', 'Mood'].includes(inner);
      if (!isLeaf && depth > 5) return '__typename';
      return `${alias}${field.name}${args}${condition()}${isLeaf ? '' : ` { ${setOf(inner, depth + 1)} }`}`;
    });
    return parts.join(' ');
  };
  const body = setOf('Query', 0);
  return `query ($yes: Boolean = true, $no: Boolean!, $n: Int, $where: Where) { ${body} } ${fragments.join(' ')}`;
}

/**
 * The data, and why which of its values are null. Which errors are noted below a value that is null for another error
 * depends on which of them comes first, so they count as that value's.
 */
function plain({ data, errors = [] }: ExecutionResult) {
  const answer: unknown = JSON.parse(JSON.stringify(data ?? null));
  const reasons = errors.map(({ path = [], locations }) => {
    let value = answer;
    let depth = 0;
    while (typeof value === 'object' && value !== null && depth < path.length) {
      value = Reflect.get(value, path[depth] ?? '');
      depth += 1;
    }
    return JSON.stringify(depth < path.length ? [path.slice(0, depth)] : [path, locations]);
  });
  return { answer, reasons: [...new Set(reasons)].sort() };
}

async function both(
  of: GraphQLSchema,
  text: string,
  more: { rootValue?: unknown; variableValues?: Record<string, unknown> } = {},
) {
  const args = { schema: of, document: parse(text), ...more };
  const theirs = await execute(args);
  // The second time the plan is there.
  const first = await executeQuery(args);
  return { theirs, first, second: await executeQuery(args) };
}

test('whether a document was executed before makes no difference to one with conditions', async () => {
  const args = { schema, document: parse('query ($no: Boolean!) { a: echo b: echo @skip(if: $no) }') };
  const answers = [true, false, true].map((no) =>
    executeQuery({ ...args, rootValue: { echo: 'x' }, variableValues: { no } }),
  );
  expect(answers).toEqual([{ data: { a: 'x' } }, { data: { a: 'x', b: 'x' } }, { data: { a: 'x' } }]);
});

test('wrong variables are refused as by graphql-js', async () => {
  const { theirs, first } = await both(
    schema,
    'query ($n: Int!, $where: Where) { echo(list: [$n], where: $where) }',
    {
      variableValues: { n: 'x', where: { mood: 'FINE' } },
    },
  );
  expect(JSON.stringify(first)).toBe(JSON.stringify(theirs));
});

test('the whole schema can be asked for', async () => {
  const { theirs, first, second } = await both(schema, getIntrospectionQuery());
  expect(JSON.stringify(first)).toBe(JSON.stringify(theirs));
  expect(second).toEqual(first);
});

test.each([
  [[{ lives: 1 }, { lives: null }, { lives: 3 }]],
  [[{ lives: 1 }, null]],
  [[new Error('one'), { lives: 2 }]],
  ['no list'],
  [null],
  [Promise.resolve([{ lives: 1 }, { lives: Promise.resolve(null) }])],
  [[{ lives: 1 }, Promise.resolve({ lives: 2 })]],
  [new Set([{ lives: 1 }])],
])('a list without nulls %#', async (strict) => {
  const { theirs, first } = await both(schema, '{ strict { lives } }', { rootValue: { strict } });
  expect(JSON.stringify(first)).toBe(JSON.stringify(theirs));
});

test('when an item of a list fails at once, no other is rejected unheard', async () => {
  const unheard: unknown[] = [];
  const note = (reason: unknown) => unheard.push(reason);
  process.on('unhandledRejection', note);
  const late = [Promise.resolve(new Error('later')), new Error('at once'), Promise.reject(new Error('no'))];
  const answer = await executeQuery({
    schema,
    document: parse('{ strict { name } }'),
    rootValue: { strict: late },
  });
  // Rejections are told after the microtasks of their turn.
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', note);
  expect(answer).toMatchObject({ data: null, errors: [{ message: 'at once', path: ['strict', 1] }] });
  expect(unheard).toEqual([]);
});

test('random documents have the answers of graphql-js, with the errors at the same places', async () => {
  for (let seed = 1; seed <= 250; seed += 1) {
    const text = documentOf(seed);
    const { theirs, first, second } = await both(schema, text, {
      rootValue: rootOf(seed),
      variableValues: { no: seed % 2 === 0, n: 3, where: { name: 'n' } },
    });
    expect(plain(first), text).toEqual(plain(theirs));
    expect(plain(second), text).toEqual(plain(theirs));
  }
});
