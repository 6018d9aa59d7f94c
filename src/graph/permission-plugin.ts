import SchemaBuilder, {
  BasePlugin,
  type FieldNullability,
  type InputFieldMap,
  initContextCache,
  type PothosOutputFieldConfig,
  PothosSchemaError,
  type SchemaTypes,
  type TypeParam,
} from '@pothos/core';
import type { GraphQLFieldResolver } from 'graphql';
import type { Context } from './context.ts';
import { refusalToFollow } from './edge-guard.ts';
import { type EdgeNeeds, edgeNeeds } from './edges.ts';
import { checkPermission, type FieldPermission } from './permission.ts';

/**
 * Guards fields by their option `permission`.
 *
 * It stands outside of everything else that runs for a field: argument mappers, validation, other plugins, the
 * resolver. Its refusals are therefore top-level errors and never a member of a result union, and a caller who may
 * not ask learns nothing from how the input is judged. For a subscription it guards the making of the source stream
 * and, with no memory, each event that comes from it.
 *
 * Building a schema fails when a field of Query, Mutation or Subscription declares no permission: none is public by
 * silence. Fields that lead to objects have their rule in `edges.ts`. The same bag carries what the inventory tells about a root field.
 */
const pluginName = 'permission';

export default pluginName;

/** What the inventory says of a root field, beside what the schema itself tells. */
export type Capability = Readonly<{
  /** The kinds of records that it reads or changes, by their type's name. */
  records: readonly string[];
  /** What else happens: requests sent, entries written to the audit log. Empty for a mere read. */
  sideEffects: readonly string[];
  /** How a repeated call behaves. */
  idempotency: string;
}>;

type Resolver<Types extends SchemaTypes> = GraphQLFieldResolver<unknown, Types['Context'], object>;

const rootKinds: readonly string[] = ['Query', 'Mutation', 'Subscription'];

class PermissionPlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  override onOutputFieldConfig(config: PothosOutputFieldConfig<Types>): PothosOutputFieldConfig<Types> {
    const permission = permissionOf(config);
    if (permission === undefined && rootKinds.includes(config.kind)) {
      throw new PothosSchemaError(`${config.kind}.${config.name} declares no permission.`);
    }
    if (capabilityOf(config) === undefined && rootKinds.includes(config.kind)) {
      throw new PothosSchemaError(`${config.kind}.${config.name} declares no capability.`);
    }
    return config;
  }

  /** Despite its name the outermost wrapper of both `resolve` and `subscribe`. */
  override wrapArgMappers(
    resolver: Resolver<Types> | undefined,
    config: PothosOutputFieldConfig<Types>,
  ): Resolver<Types> | undefined {
    if (resolver === undefined) return resolver;
    const permission = permissionOf(config);
    const needs = edgeNeeds(config.parentType, config.name);
    if (needs !== undefined) return guardEdge(resolver, needs);
    if (permission === undefined) return resolver;
    return (source, args, context, info) => {
      checkPermission(permission, context as Types['Context'] & Context);
      return resolver(source, args, context, info);
    };
  }

  override wrapSubscribe(resolver: Resolver<Types> | undefined): Resolver<Types> | undefined {
    if (resolver === undefined) return undefined;
    return async (source, args, context, info) =>
      withFreshCaches(await resolver(source, args, context, info), context);
  }
}

function guardEdge<Types extends SchemaTypes>(resolver: Resolver<Types>, needs: EdgeNeeds): Resolver<Types> {
  return (source, args, context, info) => {
    const go = (refusal: Error | undefined): unknown => {
      if (refusal !== undefined) throw refusal;
      return resolver(source, args, context, info);
    };
    const refusal = refusalToFollow(context as Types['Context'] & Context, ownerOf(source), needs);
    return refusal instanceof Promise ? refusal.then(go) : go(refusal);
  };
}

function ownerOf(source: unknown): string {
  if (typeof source === 'object' && source !== null && 'owner_id' in source) return String(source.owner_id);
  throw new Error('An edge that needs a permission must start from a record that has an owner.');
}

/**
 * Pothos and our loaders keep what they loaded for as long as the context lives: for a subscription, for ever. Each
 * event starts with nothing remembered.
 */
function withFreshCaches(stream: unknown, context: object): unknown {
  if (!isAsyncIterable(stream)) return stream;
  const iterator = stream[Symbol.asyncIterator]();
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next() {
      Object.assign(context, initContextCache());
      return iterator.next();
    },
    return: (value?: unknown) =>
      iterator.return?.(value) ?? Promise.resolve({ done: true, value: undefined }),
    throw: (error: unknown) => iterator.throw?.(error) ?? Promise.reject(error),
  } satisfies AsyncIterableIterator<unknown>;
}

const isAsyncIterable = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value;

type Declared = { permission?: FieldPermission; capability?: Capability };

/** What a built field declared; `options` are the built field's `extensions.pothosOptions`, or the field's own. */
export function declaredBy(options: unknown): Declared {
  return typeof options === 'object' && options !== null ? (options as Declared) : {};
}

const permissionOf = (config: { pothosOptions: unknown }) => declaredBy(config.pothosOptions).permission;
const capabilityOf = (config: { pothosOptions: unknown }) => declaredBy(config.pothosOptions).capability;

SchemaBuilder.registerPlugin(pluginName, PermissionPlugin);

type RootOptions = {
  /** Who may ask. */
  permission: FieldPermission;
  /** For the inventory of what the service can do. */
  capability: Capability;
};

declare global {
  export namespace PothosSchemaTypes {
    export interface Plugins<Types extends SchemaTypes> {
      permission: PermissionPlugin<Types>;
    }

    export interface QueryFieldOptions<
      Types extends SchemaTypes,
      Type extends TypeParam<Types>,
      Nullable extends FieldNullability<Type>,
      Args extends InputFieldMap,
      ResolveReturnShape,
    > extends RootOptions {}

    export interface MutationFieldOptions<
      Types extends SchemaTypes,
      Type extends TypeParam<Types>,
      Nullable extends FieldNullability<Type>,
      Args extends InputFieldMap,
      ResolveReturnShape,
    > extends RootOptions {}

    export interface SubscriptionFieldOptions<
      Types extends SchemaTypes,
      Type extends TypeParam<Types>,
      Nullable extends FieldNullability<Type>,
      Args extends InputFieldMap,
      ResolveShape,
      ResolveReturnShape,
    > extends RootOptions {}

    export interface ObjectFieldOptions<
      Types extends SchemaTypes,
      ParentShape,
      Type extends TypeParam<Types>,
      Nullable extends FieldNullability<Type>,
      Args extends InputFieldMap,
      ResolveReturnShape,
    > {
      /** Who may ask; without it, whoever reached the object. */
      permission?: FieldPermission;
    }
  }
}
