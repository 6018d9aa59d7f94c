import {
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { appPermissionsOf } from './app-grants.ts';
import { type Context, requireActor } from './context.ts';
import { type EdgeNeeds, edgeNeeds, edges } from './edges.ts';
import { allows, forbidden } from './permission.ts';
import { isLeftOut } from './selects-field.ts';

/**
 * Why the caller may not follow an edge from a record of this owner; undefined if it may. For the caller's own tenant
 * this is one comparison, whatever the number of records. Permissions for apps are read once a request.
 */
export function refusalToFollow(
  context: Context,
  ownerId: string,
  { tenant, app }: EdgeNeeds,
): Error | undefined | Promise<Error | undefined> {
  const { kind, tenantId, permissions } = requireActor(context);
  // A platform service that named its tenants event by event has its permissions for each of them.
  if (ownerId === tenantId || (kind === 'SERVICE' && tenantId === undefined)) {
    return permissions.has(tenant) ? undefined : forbidden({ tenant });
  }
  return appPermissionsOf(context, ownerId).then((held) => (held.has(app) ? undefined : forbidden({ app })));
}

/**
 * Throws if a field leads to an object but `edges.ts` does not say who may follow it, or if `edges.ts` names a field
 * that does not exist.
 */
export function checkEdges(schema: GraphQLSchema): void {
  const roots: readonly string[] = ['Query', 'Mutation', 'Subscription'];
  const generated = /(?:Connection|Edge|Payload)$/;
  const found = new Set(
    Object.values(schema.getTypeMap()).flatMap((type) =>
      !isObjectType(type) ||
      type.name.startsWith('__') ||
      roots.includes(type.name) ||
      generated.test(type.name)
        ? []
        : Object.values(type.getFields())
            .filter((field) => isCompositeType(getNamedType(field.type)))
            .map((field) => `${type.name}.${field.name}`),
    ),
  );
  const missing = [...found].filter((edge) => edges[edge] === undefined);
  if (missing.length > 0)
    throw new Error(`graph/edges.ts does not say who may follow ${missing.join(', ')}.`);
  const gone = Object.keys(edges).filter((edge) => !found.has(edge));
  if (gone.length > 0)
    throw new Error(`graph/edges.ts names ${gone.join(', ')}, but no type has such a field.`);
}

/**
 * Finds an edge in a mutation's answer that the caller can never follow. Such a mutation is refused before anything
 * is done, because an answer that fails afterwards would hide that it was done.
 */
export function refuseEdge(asked: Asked & { context: Context }): Error | undefined {
  const { actor } = asked.context;
  const root = asked.schema.getMutationType();
  if (asked.operation.operation !== 'mutation' || root == null || actor === undefined) return undefined;
  const refused = needsIn(asked, root).find((needs) => !allows(needs, actor));
  return refused === undefined ? undefined : forbidden(refused);
}

type Asked = Readonly<{
  schema: GraphQLSchema;
  document: DocumentNode;
  operation: OperationDefinitionNode;
  variables: Readonly<Record<string, unknown>>;
}>;

/** What operations need in which nothing can be left out, so that it is the same for all variables. */
const fixedNeeds = new WeakMap<OperationDefinitionNode, readonly EdgeNeeds[]>();

/** What the edges of an operation need, in their order. */
function needsIn({ schema, document, operation, variables }: Asked, root: GraphQLNamedType) {
  const known = fixedNeeds.get(operation);
  if (known !== undefined) return known;
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  const seen = new Map<SelectionSetNode, Set<GraphQLNamedType>>();
  const found: EdgeNeeds[] = [];
  let isFixed = true;

  const search = (set: SelectionSetNode, type: GraphQLNamedType): void => {
    const types = seen.get(set) ?? new Set();
    if (types.has(type)) return;
    seen.set(set, types.add(type));
    for (const selection of set.selections) {
      if ((selection.directives ?? []).length > 0) isFixed = false;
      if (isLeftOut(selection, variables)) continue;
      if (selection.kind === Kind.FIELD) {
        const field = fieldOf(type, selection.name.value);
        if (field === undefined) continue;
        const needs = edgeNeeds(type.name, field.name);
        if (needs !== undefined) found.push(needs);
        if (selection.selectionSet !== undefined) search(selection.selectionSet, getNamedType(field.type));
      } else {
        const fragment =
          selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection;
        const condition = fragment?.typeCondition?.name.value;
        const within = condition === undefined ? type : (schema.getType(condition) ?? type);
        if (fragment !== undefined) search(fragment.selectionSet, within);
      }
    }
  };
  search(operation.selectionSet, root);
  if (isFixed) fixedNeeds.set(operation, found);
  return found;
}

function fieldOf(type: GraphQLNamedType, name: string): GraphQLField<unknown, unknown> | undefined {
  return isObjectType(type) || isInterfaceType(type) ? type.getFields()[name] : undefined;
}
