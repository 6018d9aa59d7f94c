import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isInputObjectType,
  isListType,
  isObjectType,
} from 'graphql';

/** A place where a client can name a record, such as `Query.deliveries(filter.endpointId)`. */
export type IdPath = Readonly<{
  /** Such as `Query.deliveries`. */
  field: string;
  /** The path from the argument inwards. */
  steps: readonly string[];
  isList: boolean;
  /** For a cursor: the type of the page's records. */
  pageOf: string | undefined;
}>;

export const nameOf = ({ field, steps }: IdPath) => `${field}(${steps.join('.')})`;

/** Values that are not of type ID but still name a record. */
const names: readonly string[] = ['after', 'before', 'tenant', 'token'];

/** Every argument and every input field of the schema that accepts an id, a cursor, or another name of a record. */
export function idPaths(schema: GraphQLSchema): IdPath[] {
  return Object.values(schema.getTypeMap())
    .filter((type) => isObjectType(type) && !type.name.startsWith('__'))
    .flatMap((type) =>
      Object.values(isObjectType(type) ? type.getFields() : {}).map((field) => ({ type, field })),
    )
    .flatMap(({ type, field }) =>
      field.args.flatMap((argument) =>
        pathsWithin(argument, []).map((path) => ({
          ...path,
          field: `${type.name}.${field.name}`,
          pageOf: pageOf(field, path.steps),
        })),
      ),
    );
}

function pathsWithin(
  { name, type }: GraphQLArgument | GraphQLInputField,
  before: readonly string[],
): Pick<IdPath, 'steps' | 'isList'>[] {
  const steps = [...before, name];
  const named = getNamedType(type);
  if (isInputObjectType(named)) {
    return Object.values(named.getFields()).flatMap((field) => pathsWithin(field, steps));
  }
  if (named.name !== 'ID' && !names.includes(name)) return [];
  return [{ steps, isList: isListType(getNullableType(type)) }];
}

function pageOf(field: GraphQLField<unknown, unknown>, steps: readonly string[]): string | undefined {
  const type = getNamedType(field.type);
  const isCursor = steps.length === 1 && (steps[0] === 'after' || steps[0] === 'before');
  const nodes = isCursor && isObjectType(type) ? type.getFields().nodes : undefined;
  return nodes === undefined ? undefined : getNamedType(nodes.type).name;
}
