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
 * It wraps everything else that runs for a field: argument mappers, validation, other plugins and the resolver. Its
 * refusals are therefore top-level errors and never members of a result union, and a caller without permission learns
 * nothing from the validation of its input. For a subscription it guards the creation of the source stream and,
 * without remembering anything, each event from it.
 *
 * Every root field must declare a permission; otherwise building the schema fails. Fields that lead to objects have
 * their rule in `edges.ts`. The option also carries what the inventory says about a root field.
 */
const pluginName = 'permission';

export default pluginName;

/** What the inventory says about a root field, in addition to what the schema says. */
export type Capability = Readonly<{
  /** The types of records that it reads or changes. */
  records: readonly string[];
  /** What else happens, such as requests sent and audit entries written. Empty if it only reads. */
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

  /** Despite its name this is the outermost wrapper of both `resolve` and `subscribe`. */
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
    const refusal = refusalToFollow(context as Types['Context'] & Context, ownerOf(source), needs);
    if (refusal === undefined) return resolver(source, args, context, info);
    if (!(refusal instanceof Promise)) throw refusal;
    return refusal.then((found) => {
      if (found !== undefined) throw found;
      return resolver(source, args, context, info);
    });
  };
}

function ownerOf(source: unknown): string {
  if (typeof source === 'object' && source !== null && 'owner_id' in source) return String(source.owner_id);
  throw new Error('An edge that needs a permission must start from a record that has an owner.');
}

/**
 * Pothos and our loaders keep what they loaded as long as the context lives, which for a subscription has no end. So
 * each event starts with a fresh context.
 */
function withFreshCaches(stream: unknown, context: object): unknown {
  return isAsyncIterable(stream) ? new FreshCaches(stream[Symbol.asyncIterator](), context) : stream;
}

class FreshCaches implements AsyncIterableIterator<unknown> {
  readonly #source: AsyncIterator<unknown>;
  readonly #context: object;

  constructor(source: AsyncIterator<unknown>, context: object) {
    this.#source = source;
    this.#context = context;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<unknown>> {
    Object.assign(this.#context, initContextCache());
    return this.#source.next();
  }

  return(value?: unknown): Promise<IteratorResult<unknown>> {
    return this.#source.return?.(value) ?? Promise.resolve({ done: true, value: undefined });
  }

  throw(error: unknown): Promise<IteratorResult<unknown>> {
    return this.#source.throw?.(error) ?? Promise.reject(error);
  }
}

const isAsyncIterable = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value;

type Declared = { permission?: FieldPermission; capability?: Capability };

/** The declaration of a built field; `options` are its `extensions.pothosOptions`, or the field's own. */
export function declaredBy(options: unknown): Declared {
  return typeof options === 'object' && options !== null ? (options as Declared) : {};
}

const permissionOf = (config: { pothosOptions: unknown }) => declaredBy(config.pothosOptions).permission;
const capabilityOf = (config: { pothosOptions: unknown }) => declaredBy(config.pothosOptions).capability;

SchemaBuilder.registerPlugin(pluginName, PermissionPlugin);

type RootOptions = {
  /** Who may call the field. */
  permission: FieldPermission;
  /** For the inventory of the service's operations. */
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
      /** Who may read the field; by default everybody who reached the object. */
      permission?: FieldPermission;
    }
  }
}
