import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLAbstractType,
  type GraphQLField,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  SchemaMetaFieldDef,
  type SelectionSetNode,
  TypeMetaFieldDef,
  TypeNameMetaFieldDef,
  typeFromAST,
} from 'graphql';
import { isLeftOut } from '../graph/selects-field.ts';

/** What is done with a value of a type: found out once for each field of a selection, and not for each value. */
export type Shape = Readonly<{ isNonNull: boolean }> &
  (
    | Readonly<{ kind: 'leaf'; type: GraphQLLeafType }>
    | Readonly<{ kind: 'list'; item: Shape }>
    | Readonly<{ kind: 'object'; type: GraphQLObjectType }>
    | Readonly<{ kind: 'abstract'; type: GraphQLAbstractType }>
  );

/** A field of a result, with every place of the document that selects it. */
export type Selection = Readonly<{
  /** Its name in the result. */
  key: string;
  nodes: readonly [FieldNode, ...FieldNode[]];
  parent: GraphQLObjectType;
  field: GraphQLField<unknown, unknown>;
  shape: Shape;
  /** The resolver of a leaf that takes nothing but the object. Most do, and they need neither arguments nor `info`. */
  read: ((source: unknown) => unknown) | undefined;
  /** What is selected below it, by the type of the object. Filled in when such an object comes. */
  below: Map<GraphQLObjectType, Selections>;
}>;

/** What is selected of an object, in the order of the result. */
export type Selections = Readonly<{
  fields: readonly Selection[];
  /** A result without values. Its copies have a place for each key from the start, also for one named `__proto__`. */
  blank: Readonly<Record<string, unknown>>;
}>;

/** The variables and fragments by which it is known what a document selects. */
export type Scope = Readonly<{
  schema: GraphQLSchema;
  fragments: Readonly<Record<string, FragmentDefinitionNode>>;
  variables: Readonly<Record<string, unknown>>;
  /** Told how many fields were found. */
  onFound?: ((fields: number) => void) | undefined;
}>;

/** The fields that these selection sets select of an object of this type, in the order of the specification. */
export function selectionsOf(
  scope: Scope,
  parent: GraphQLObjectType,
  sets: readonly SelectionSetNode[],
): Selections {
  const byKey = new Map<string, [FieldNode, ...FieldNode[]]>();
  const visited = new Set<string>();
  const collect = ({ selections }: SelectionSetNode): void => {
    for (const selection of selections) {
      if (hasDirectives(selection) && isLeftOut(selection, scope.variables)) continue;
      if (selection.kind === Kind.FIELD) {
        const key = (selection.alias ?? selection.name).value;
        const known = byKey.get(key);
        if (known === undefined) byKey.set(key, [selection]);
        else known.push(selection);
        continue;
      }
      if (selection.kind === Kind.INLINE_FRAGMENT) {
        if (applies(scope, selection, parent)) collect(selection.selectionSet);
        continue;
      }
      const name = selection.name.value;
      if (visited.has(name)) continue;
      visited.add(name);
      const fragment = scope.fragments[name];
      if (fragment !== undefined && applies(scope, fragment, parent)) collect(fragment.selectionSet);
    }
  };
  for (const set of sets) collect(set);
  const fields: Selection[] = [];
  for (const [key, nodes] of byKey) {
    const field = fieldOf(scope.schema, parent, nodes[0].name.value);
    if (field !== undefined) {
      const shape = shapeOf(field.type);
      const { resolve } = field;
      const isRead = shape.kind === 'leaf' && resolve?.length === 1;
      // The cast only takes parameters away that the function does not have.
      const read = isRead ? (resolve as (source: unknown) => unknown) : undefined;
      fields.push({ key, nodes, parent, field, shape, read, below: new Map() });
    }
  }
  scope.onFound?.(fields.length);
  const blank = JSON.parse(`{${fields.map(({ key }) => `"${key}":null`).join()}}`);
  return { fields, blank };
}

/** What is selected of an object that is the value of a field, or one of its values. */
export function selectionsBelow(
  scope: Scope,
  { nodes, below }: Selection,
  type: GraphQLObjectType,
): Selections {
  const known = below.get(type);
  if (known !== undefined) return known;
  const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
  const found = selectionsOf(scope, type, sets);
  below.set(type, found);
  return found;
}

/** Whether the document selects the same whatever its variables are: nothing in it has a directive. */
export function isUnconditional({ definitions }: DocumentNode): boolean {
  const isWithout = ({ selections }: SelectionSetNode): boolean =>
    selections.every(
      (selection) =>
        !hasDirectives(selection) &&
        (selection.kind === Kind.FRAGMENT_SPREAD ||
          selection.selectionSet === undefined ||
          isWithout(selection.selectionSet)),
    );
  return definitions.every((one) => !('selectionSet' in one) || isWithout(one.selectionSet));
}

const hasDirectives = ({ directives }: { directives?: readonly unknown[] | undefined }): boolean =>
  directives !== undefined && directives.length > 0;

function applies(
  { schema }: Scope,
  { typeCondition }: Pick<Partial<FragmentDefinitionNode>, 'typeCondition'>,
  type: GraphQLObjectType,
): boolean {
  if (typeCondition === undefined) return true;
  const condition = typeFromAST(schema, typeCondition);
  return condition === type || (isAbstractType(condition) && schema.isSubType(condition, type));
}

function fieldOf(
  schema: GraphQLSchema,
  type: GraphQLObjectType,
  name: string,
): GraphQLField<unknown, unknown> | undefined {
  if (name === TypeNameMetaFieldDef.name) return TypeNameMetaFieldDef;
  if (type === schema.getQueryType()) {
    if (name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef;
    if (name === TypeMetaFieldDef.name) return TypeMetaFieldDef;
  }
  return type.getFields()[name];
}

function shapeOf(of: GraphQLOutputType): Shape {
  const isNonNull = isNonNullType(of);
  const type = isNonNull ? of.ofType : of;
  if (isListType(type)) return { isNonNull, kind: 'list', item: shapeOf(type.ofType) };
  if (isLeafType(type)) return { isNonNull, kind: 'leaf', type };
  if (isObjectType(type)) return { isNonNull, kind: 'object', type };
  return { isNonNull, kind: 'abstract', type };
}
