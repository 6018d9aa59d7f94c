import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
  isUnionType,
} from 'graphql';

type Input = GraphQLArgument | GraphQLInputField;

/** One place of a field's arguments that accepts a value, and the variables that put a value there. */
export type Place = Readonly<{
  /** Such as `createEndpoint.input.headers.name`. */
  path: string;
  /** The scalar or enum. */
  type: string;
  description: string;
  variables(value: unknown): Record<string, unknown>;
}>;

/**
 * A valid value for this path while another one is tried; undefined if none is required, or if any value of the type
 * will do. It is called for each try.
 */
export type Usual = (path: string, tried: string) => unknown;

const maxDepth = 3;

/** Every place of a field's arguments. The other required places get usual values. */
export function placesOf(field: GraphQLField<unknown, unknown>, usual: Usual): Place[] {
  return leavesOf(field.args, field.name).map(({ path, type, description, keys }) => ({
    path,
    type,
    description,
    variables: (value) => fill(field.args, { path: field.name, keys, tried: { path, value }, usual }),
  }));
}

type Leaf = Readonly<{ path: string; type: string; description: string; keys: readonly string[] }>;

function leavesOf(inputs: readonly Input[], path: string, depth = 0): Leaf[] {
  return inputs.flatMap(({ name, type, description }): Leaf[] => {
    const named = getNamedType(type);
    const at = `${path}.${name}`;
    if (isInputObjectType(named)) {
      if (depth > maxDepth) return [];
      const within = leavesOf(Object.values(named.getFields()), at, depth + 1);
      return within.map((leaf) => ({ ...leaf, keys: [name, ...leaf.keys] }));
    }
    return [{ path: at, type: named.name, description: description ?? '', keys: [name] }];
  });
}

type Filling = Readonly<{
  path: string;
  /** The path to the place that is tried; empty at other places. */
  keys: readonly string[];
  tried: { path: string; value: unknown };
  usual: Usual;
}>;

function fill(inputs: readonly Input[], filling: Filling): Record<string, unknown> {
  const [key, ...keys] = filling.keys;
  const entries = inputs.flatMap((input): [string, unknown][] => {
    const path = `${filling.path}.${input.name}`;
    if (input.name === key) return [[key, put(input.type, { ...filling, path, keys })]];
    const usual = filling.usual(path, filling.tried.path);
    if (usual !== undefined) return [[input.name, usual]];
    return isRequired(input) ? [[input.name, put(input.type, { ...filling, path, keys: [] })]] : [];
  });
  return Object.fromEntries(entries);
}

function put(type: GraphQLInputType, filling: Filling): unknown {
  const nullable = getNullableType(type);
  const isTried = filling.path === filling.tried.path;
  if (isListType(nullable)) {
    // A list is tried with the value as its item, and also as the value itself if that is null or a list.
    const { value } = filling.tried;
    if (isTried && (value === null || Array.isArray(value))) return value;
    return [put(nullable.ofType, filling)];
  }
  if (isInputObjectType(nullable)) return fill(Object.values(nullable.getFields()), filling);
  if (isTried) return filling.tried.value;
  if (isEnumType(nullable)) return nullable.getValues()[0]?.name;
  return usualOf[nullable.name] ?? 'usual';
}

const usualOf: Readonly<Record<string, unknown>> = {
  Int: 1,
  SafeInt: 1,
  Boolean: true,
  DateTime: '2026-01-01T00:00:00Z',
};

const isRequired = (input: Input) =>
  isRequiredArgument(input as GraphQLArgument) || isRequiredInputField(input as GraphQLInputField);

/** The document that calls a field of a root type with all of its arguments as variables. */
export function callOf(
  kind: string,
  field: GraphQLField<unknown, unknown>,
  selection = selectionOf(field),
): string {
  const declared = field.args.map(({ name, type }) => `$${name}: ${type}`).join(', ');
  const passed = field.args.map(({ name }) => `${name}: $${name}`).join(', ');
  const [variables, args] = field.args.length === 0 ? ['', ''] : [`(${declared})`, `(${passed})`];
  return `${kind} ${variables} { ${field.name}${args} ${selection} }`;
}

/** The smallest selection of a field's answer. */
function selectionOf({ type }: GraphQLField<unknown, unknown>): string {
  const named = getNamedType(type);
  return isObjectType(named) || isUnionType(named) || isInterfaceType(named) ? '{ __typename }' : '';
}

/** Each field with arguments that is not a field of a root type: `[type, field]`. */
export function nestedFields(schema: GraphQLSchema): [type: string, field: GraphQLField<unknown, unknown>][] {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  return Object.values(schema.getTypeMap()).flatMap((type) => {
    if (!isObjectType(type) || type.name.startsWith('__') || roots.includes(type)) return [];
    const fields = Object.values(type.getFields()).filter(({ args }) => args.length > 0);
    return fields.map((field): [string, GraphQLField<unknown, unknown>] => [type.name, field]);
  });
}
