import {
  type ExecutionArgs,
  type ExecutionResult,
  type FragmentDefinitionNode,
  type GraphQLObjectType,
  getOperationAST,
  getVariableValues,
  Kind,
  locatedError,
  type OperationDefinitionNode,
} from 'graphql';
import { executeFields, type Run } from './execute-fields.ts';
import { isPromise } from './is-promise.ts';
import { isUnconditional, type Scope, type Selections, selectionsOf } from './selection.ts';

/**
 * Executes a query as section 6 of the specification says, with the same answers and errors as graphql-js. It differs
 * in what is done once: what a document selects is kept with the document, places in the result are written down only
 * where something asks for them, and the objects of a list have one layout. For a page of a hundred records the general
 * executor took as long as the database.
 *
 * Only queries are executed here. The fields of mutations run one after the other, and subscriptions are streams.
 */
export function executeQuery(args: ExecutionArgs): ExecutionResult | Promise<ExecutionResult> {
  const { schema, document, operationName, contextValue, rootValue } = args;
  const operation = getOperationAST(document, operationName);
  const type = schema.getQueryType();
  if (operation == null || type == null) throw new Error('There is no query to execute.');
  const { coerced: variables, errors: refusals } = getVariableValues(
    schema,
    operation.variableDefinitions ?? [],
    args.variableValues ?? {},
    { maxErrors: 50 },
  );
  if (refusals !== undefined) return { errors: refusals };
  const { root, scope } = planOf(args, operation, { type, variables });
  const run: Run = { ...scope, variables, operation, rootValue, context: contextValue, errors: [] };
  const answer = (data: Record<string, unknown> | null): ExecutionResult =>
    run.errors.length === 0 ? { data } : { errors: run.errors, data };
  const fail = (error: unknown): ExecutionResult => {
    run.errors.push(locatedError(error, undefined));
    return answer(null);
  };
  try {
    const data = executeFields(run, root, { source: rootValue, path: undefined });
    return isPromise(data) ? data.then(answer, fail) : answer(data);
  } catch (error) {
    return fail(error);
  }
}

type Plan = Readonly<{ root: Selections; scope: Omit<Scope, 'variables'> }>;

/** The most fields for which plans are kept, at about 400 bytes each. Fragments can make many of a short document. */
const mostKept = 50_000;
let plans = new WeakMap<OperationDefinitionNode, Plan>();
let kept = 0;

/** What an operation selects. It is kept unless it depends on variables. */
function planOf(
  { schema, document }: ExecutionArgs,
  operation: OperationDefinitionNode,
  { type, variables }: { type: GraphQLObjectType; variables: Scope['variables'] },
): Plan {
  const known = plans.get(operation);
  if (known !== undefined && known.scope.schema === schema) return known;
  const fragments: Record<string, FragmentDefinitionNode> = Object.create(null);
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments[definition.name.value] = definition;
  const isKept = isUnconditional(document);
  const scope = { schema, fragments, onFound: isKept ? noteKept : undefined };
  const plan = { root: selectionsOf({ ...scope, variables }, type, [operation.selectionSet]), scope };
  if (isKept) plans.set(operation, plan);
  return plan;
}

function noteKept(fields: number): void {
  kept += fields;
  if (kept <= mostKept) return;
  plans = new WeakMap();
  kept = 0;
}
