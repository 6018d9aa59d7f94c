import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  isObjectType,
  isUnionType,
} from 'graphql';
import {
  type AppPermission,
  appTokenPermissions,
  type Permission,
  permissions,
  platformPermissions,
} from '../access/permissions.ts';
import { doorsOf, type FieldPermission } from '../graph/permission.ts';
import { declaredBy } from '../graph/permission-plugin.ts';
import type { RouteDeclaration } from '../route.ts';
import type { CapabilityEntry } from './capability.ts';

/** The test that makes, for each operation under its name, the allowed call and the denied calls. */
const proofFile = 'test/inventory/access.test.ts';

const rootKinds = ['QUERY', 'MUTATION', 'SUBSCRIPTION'] as const;
type RootKind = (typeof rootKinds)[number];

/** The error codes of the members of result unions. */
const codesOf: Readonly<Record<string, readonly string[]>> = {
  ValidationError: ['VALIDATION_FAILED'],
  NotFoundError: ['NOT_FOUND'],
  ConflictError: ['CONFLICT'],
  NotReplayableError: ['NOT_REPLAYABLE'],
  IdempotencyError: ['IDEMPOTENCY_KEY_REUSED', 'IDEMPOTENCY_KEY_IN_PROGRESS'],
  LimitExceededError: ['LIMIT_EXCEEDED'],
};

/**
 * Lists every operation of the service from the built schema and the declared routes: who may call it, its input and
 * output, what it changes and how a repeated call behaves. `sources` tells where each is declared. Throws if one is
 * missing there, because then it is declared in a form that `findSources` does not know.
 */
export function takeInventory(options: {
  schema: GraphQLSchema;
  routes: readonly RouteDeclaration[];
  sources: ReadonlyMap<string, string>;
}): readonly CapabilityEntry[] {
  const { schema, routes, sources } = options;
  const fields = rootKinds.flatMap((kind) =>
    Object.values(rootFields(schema, kind)).map((field) => fieldEntry(kind, field)),
  );
  return [...fields, ...routes.map(routeEntry)]
    .map((entry) => place(entry, sources))
    .sort(
      (one, other) =>
        compare(one.family, other.family) ||
        order(one.method) - order(other.method) ||
        compare(one.path, other.path),
    );
}

type Unplaced = Omit<CapabilityEntry, 'family' | 'source' | 'proof'>;

function place(entry: Unplaced, sources: ReadonlyMap<string, string>): CapabilityEntry {
  const name = `${entry.method} ${entry.path}`;
  const source = sources.get(name);
  if (source === undefined) {
    throw new Error(`The declaration of ${name} was not found. Declare it in the same way as the others.`);
  }
  const [, family = ''] = source.split('/');
  return { ...entry, family, source, proof: `${proofFile}: ${name}` };
}

function rootFields(schema: GraphQLSchema, kind: RootKind): Record<string, GraphQLField<unknown, unknown>> {
  const types = {
    QUERY: schema.getQueryType(),
    MUTATION: schema.getMutationType(),
    SUBSCRIPTION: schema.getSubscriptionType(),
  };
  return types[kind]?.getFields() ?? {};
}

function fieldEntry(kind: RootKind, field: GraphQLField<unknown, unknown>): Unplaced {
  const { permission, capability } = declaredBy(field.extensions.pothosOptions);
  if (permission === undefined || capability === undefined) {
    throw new Error(`${kind} ${field.name} declares no permission or no capability.`);
  }
  const doors = doorsOf(permission);
  const { tenant, app } = doors === 'ANY_CREDENTIAL' ? {} : doors;
  return {
    method: kind,
    path: field.name,
    description: field.description ?? '',
    auth: credentialsFor(permission),
    permissions: tenant === undefined ? [] : [tenant],
    appPermissions: app === undefined ? [] : [app],
    request: `${field.name}${argumentsOf(field.args)}`,
    response: responseOf(field),
    errors: errorsOf(kind, field),
    records: capability.records,
    sideEffects: capability.sideEffects,
    idempotency: capability.idempotency,
    deprecation: field.deprecationReason ?? null,
  };
}

/** The kinds of credentials that can have the permission of a field. */
function credentialsFor(permission: FieldPermission): string[] {
  const doors = doorsOf(permission);
  if (doors === 'ANY_CREDENTIAL') return ['API_KEY', 'USER', 'SERVICE', 'CONSOLE_LINK', 'APP'];
  const { tenant, app, user } = doors;
  const isOfOneTenant = tenant !== undefined && !platformPermissions.includes(tenant);
  const letsIn: Record<string, boolean> = {
    API_KEY: isOfOneTenant,
    USER: tenant !== undefined || app !== undefined || user === true,
    SERVICE: tenant !== undefined,
    CONSOLE_LINK: isOfOneTenant,
    APP: app !== undefined && appTokenPermissions.includes(app),
  };
  return Object.keys(letsIn).filter((kind) => letsIn[kind]);
}

function argumentsOf(args: readonly GraphQLArgument[]): string {
  return args.length === 0 ? '' : `(${args.map(({ name, type }) => `${name}: ${type}`).join(', ')})`;
}

function responseOf({ type }: GraphQLField<unknown, unknown>): string {
  const named = getNamedType(type);
  if (!isUnionType(named)) return String(type);
  const members = named.getTypes().map(({ name }) => name);
  return `${type} = ${members.join(' | ')}`;
}

function errorsOf(kind: RootKind, field: GraphQLField<unknown, unknown>): string[] {
  const named = getNamedType(field.type);
  const refusals = isUnionType(named)
    ? named.getTypes().filter((member) => isObjectType(member) && isErrorType(member.getInterfaces()))
    : [];
  const codes = refusals.flatMap(({ name }) => {
    const known = codesOf[name];
    if (known === undefined) throw new Error(`The inventory does not know the error codes of ${name}.`);
    return known;
  });
  const follows = field.args.some(({ name }) => name === 'after') && kind === 'SUBSCRIPTION';
  return [
    'UNAUTHENTICATED',
    'FORBIDDEN',
    ...(field.args.length > 0 ? ['BAD_USER_INPUT'] : []),
    'COST_EXCEEDED',
    'RATE_LIMITED',
    ...(follows ? ['LOG_POSITION_EXPIRED', 'LOG_POSITION_AHEAD'] : []),
    ...(kind === 'SUBSCRIPTION' ? ['SLOW_CONSUMER'] : []),
    'UNAVAILABLE',
    'INTERNAL',
    ...codes,
  ];
}

const isErrorType = (interfaces: readonly { name: string }[]) =>
  interfaces.some(({ name }) => name === 'Error');

function routeEntry(route: RouteDeclaration): Unplaced {
  const { method, path, description, auth, request, response, errors, records, sideEffects, idempotency } =
    route;
  return {
    method,
    path,
    description,
    auth,
    permissions: permissions.filter((name: Permission) => route.permissions?.includes(name) === true),
    appPermissions: [] as AppPermission[],
    request,
    response,
    errors,
    records,
    sideEffects,
    idempotency,
    deprecation: null,
  };
}

const methods = [...rootKinds, 'GET', 'POST'] as readonly string[];
const order = (method: string) => methods.indexOf(method);
const compare = (one: string, other: string) => (one < other ? -1 : one > other ? 1 : 0);
