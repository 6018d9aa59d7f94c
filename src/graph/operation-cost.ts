import {
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  getArgumentValues,
  getNamedType,
  getNullableType,
  getVariableValues,
  isInterfaceType,
  isListType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { badUserInput, RequestError } from '../errors.ts';
import { hideVariableValue } from './hide-values.ts';
import { countListEntries } from './list-limits.ts';
import { selectsField } from './selects-field.ts';
import { refuseManyValues } from './variable-limits.ts';

/**
 * The maximum cost of one operation. A field costs 1, a page costs its size times the cost of one record, and any
 * other list costs ten times the cost of one item. If the list is longer, the rest is charged when it is read. A list
 * in the arguments costs its length each time it is used. 100 deliveries with everything they have (endpoint, event
 * and attempts) cost 15,000. Pages nested three deep are refused.
 */
export const maxOperationCost = 20_000;
/** The assumed size of a list whose length is not known before it is read. `list-cost-plugin.ts` charges the rest. */
export const usualListSize = 10;
/**
 * `complexity` of a list that is nearly always short. It counts as a list of the usual size, and if it is longer, only a
 * tenth of the rest is charged.
 */
export const shortList = { field: 1, multiplier: usualListSize } as const;
/** `complexity` of a text that can have a hundred thousand characters and more. */
export const longText = 10;
/** The maximum cost of one message of a subscription, including its list. */
const maxMessageCost = 15_000;
/** Each invalid value in a variable creates an error: two million of them in one list used up all memory. */
const maxVariableErrors = 20;

type Operation = Readonly<{
  schema: GraphQLSchema;
  document: DocumentNode;
  operation: OperationDefinitionNode;
  variables: Readonly<Record<string, unknown>>;
  context: object;
}>;

/** The option `complexity` of fields, as the plugin leaves it on the built schema. */
type Cost = number | { field?: number; multiplier?: number } | CostFunction;
type CostFunction = (args: object, context: object, field: GraphQLField<unknown, unknown>) => Cost;

/**
 * Returns the reason to refuse an operation before anything of it is executed: its variables do not fit their types,
 * or it could cost too much. Page sizes count as given, also in variables; an invalid size counts as the largest.
 * Each selection is read once for each type, however often its fragment is spread.
 */
export function refuseOperation(asked: Operation): readonly GraphQLError[] | undefined {
  const { schema, document, operation, context } = asked;
  const type = schema.getRootType(operation.operation);
  if (type == null) return undefined;
  const definitions = operation.variableDefinitions ?? [];
  const tooMany = refuseManyValues(schema, definitions, asked.variables);
  if (tooMany !== undefined) return [asGraphQLError(tooMany)];
  const { errors, coerced } = getVariableValues(schema, definitions, asked.variables, {
    maxErrors: maxVariableErrors,
  });
  if (errors !== undefined) return errors.map(hideVariableValue);

  const fragments = new Map(
    document.definitions.flatMap((definition) =>
      definition.kind === Kind.FRAGMENT_DEFINITION ? [[definition.name.value, definition] as const] : [],
    ),
  );
  if (operation.operation === 'subscription') {
    const scope = { fragments, variables: coerced };
    if (!selectsField(operation.selectionSet, scope)) return [asGraphQLError(nothingSelected())];
  }
  let cost: number;
  try {
    cost = costOf(operation.selectionSet, type, {
      schema,
      fragments,
      context,
      variables: coerced,
      known: new Map(),
      varying: { count: 0 },
    });
  } catch (error) {
    if (error instanceof RequestError) return [asGraphQLError(error)];
    throw error;
  }
  if (cost <= maxOperationCost) return undefined;
  return [asGraphQLError(tooCostly(cost))];
}

const asGraphQLError = (refusal: RequestError) =>
  new GraphQLError(refusal.message, { originalError: refusal });

const nothingSelected = () =>
  badUserInput('`@skip` and `@include` remove the only field of this subscription, which must select one.');

export function tooCostly(cost: number): RequestError {
  const shown = Math.min(Math.ceil(cost), Number.MAX_SAFE_INTEGER);
  return new RequestError(
    'COST_EXCEEDED',
    `This operation could cost ${shown}, but only ${maxOperationCost} is allowed. Ask for smaller pages or fewer nested lists.`,
    { cost: shown, limit: maxOperationCost },
  );
}

/** The cost of the selection on one record of the field that is being resolved. */
export function costOfRecord(info: GraphQLResolveInfo, context: object): number {
  const scope: Scope = {
    schema: info.schema,
    fragments: new Map(Object.entries(info.fragments)),
    context,
    variables: info.variableValues,
    known: new Map(),
    varying: { count: 0 },
  };
  const type = getNamedType(info.returnType);
  const costs = info.fieldNodes.map(({ selectionSet }) =>
    selectionSet === undefined ? 0 : costOf(selectionSet, type, scope),
  );
  return costs.reduce((sum, cost) => sum + cost, 0);
}

/**
 * The maximum length of the list in each message of a subscription: as long as requested, unless the selection on its
 * records is so large that a message would block the process for everybody. The cost of the message counts the list
 * as one of the usual size.
 */
export function affordableLength(asked: number, info: GraphQLResolveInfo, context: object): number {
  const each = Math.max(costOfRecord(info, context), 1) / usualListSize;
  return Math.max(1, Math.min(asked, Math.floor(maxMessageCost / each)));
}

type Scope = Readonly<{
  schema: GraphQLSchema;
  fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  context: object;
  variables: { readonly [name: string]: unknown };
  known: Map<SelectionSetNode, Map<GraphQLNamedType, number>>;
  /** How often something was met whose cost may be another one next time. */
  varying: { count: number };
}>;

/** The costs that every use of a parsed document has: of selections without arguments, whatever the variables are. */
const fixedCosts = new WeakMap<SelectionSetNode, Map<GraphQLNamedType, number>>();

function costOf(set: SelectionSetNode, type: GraphQLNamedType, scope: Scope): number {
  const fixed = fixedCosts.get(set)?.get(type);
  if (fixed !== undefined) return fixed;
  const known = scope.known.get(set) ?? new Map<GraphQLNamedType, number>();
  scope.known.set(set, known);
  const before = known.get(type);
  if (before !== undefined) {
    scope.varying.count += 1;
    return before;
  }
  const varyingBefore = scope.varying.count;
  let cost = 0;
  for (const selection of set.selections) {
    if (selection.kind === Kind.FIELD) {
      const fields = isObjectType(type) || isInterfaceType(type) ? type.getFields() : {};
      const field = fields[selection.name.value];
      const { own, times } =
        field === undefined ? introspection(selection) : priceOf(field, selection, scope);
      if (field !== undefined) cost += entriesIn(field, selection, scope);
      cost += own;
      if (field !== undefined && selection.selectionSet !== undefined && times > 0) {
        cost += times * costOf(selection.selectionSet, getNamedType(field.type), scope);
      }
      continue;
    }
    const fragment =
      selection.kind === Kind.FRAGMENT_SPREAD ? scope.fragments.get(selection.name.value) : selection;
    if (fragment === undefined) continue;
    const condition = fragment.typeCondition?.name.value;
    cost += costOf(fragment.selectionSet, (condition && scope.schema.getType(condition)) || type, scope);
  }
  if (scope.varying.count > varyingBefore) known.set(type, cost);
  else fixedCosts.set(set, (fixedCosts.get(set) ?? new Map()).set(type, cost));
  return cost;
}

/** All of the schema is one answer of known size, and a document can ask for it under twenty names. */
function introspection({ name }: FieldSelection): { own: number; times: number } {
  return { own: name.value === '__schema' ? 5_000 : name.value === '__type' ? 100 : 1, times: 0 };
}

/** A list in the arguments costs its length, for each field that uses it. */
function entriesIn(field: GraphQLField<unknown, unknown>, selection: FieldSelection, scope: Scope): number {
  if ((selection.arguments ?? []).length === 0) return 0;
  scope.varying.count += 1;
  try {
    const given = getArgumentValues(field, selection, { ...scope.variables });
    return countListEntries(field.name, field.args, given);
  } catch (error) {
    // The argument has no variable; the executor refuses the field.
    if (error instanceof GraphQLError) return 0;
    throw error;
  }
}

type FieldSelection = Parameters<typeof getArgumentValues>[1];

function priceOf(
  field: GraphQLField<unknown, unknown>,
  selection: FieldSelection,
  scope: Scope,
): { own: number; times: number } {
  let cost = field.extensions.complexity as Cost | undefined;
  if (typeof cost === 'function') {
    scope.varying.count += 1;
    try {
      cost = cost(getArgumentValues(field, selection, { ...scope.variables }), scope.context, field);
    } catch (error) {
      // The argument has no variable; the executor refuses the field.
      if (error instanceof GraphQLError) return { own: 1, times: 0 };
      throw error;
    }
  }
  const usual = isListType(getNullableType(field.type)) ? usualListSize : 1;
  if (typeof cost === 'object') return { own: cost.field ?? 1, times: cost.multiplier ?? usual };
  return { own: typeof cost === 'number' ? cost : 1, times: usual };
}
