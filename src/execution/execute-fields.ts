import {
  defaultFieldResolver,
  defaultTypeResolver,
  type GraphQLAbstractType,
  GraphQLError,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  getArgumentValues,
  isObjectType,
  locatedError,
  type OperationDefinitionNode,
} from 'graphql';
import { isPromise } from './is-promise.ts';
import { type Scope, type Selection, type Selections, type Shape, selectionsBelow } from './selection.ts';

/** One execution. */
export type Run = Scope &
  Readonly<{
    operation: OperationDefinitionNode;
    rootValue: unknown;
    context: unknown;
    /** Those of fields that are null because of them. */
    errors: GraphQLError[];
  }>;

type Data = Record<string, unknown>;
type Path = GraphQLResolveInfo['path'];
/** An object whose fields are executed, and where it stands in the result. */
type Place = Readonly<{ source: unknown; path: Path | undefined }>;

/** Throws, or rejects, if a field that must not be null has failed: then the object itself is null, or its parent. */
export function executeFields(run: Run, { fields, blank }: Selections, place: Place): Data | Promise<Data> {
  const data: Data = { ...blank };
  let pending: Promise<void>[] | undefined;
  try {
    for (const selection of fields) {
      const value = executeField(run, selection, place);
      if (!isPromise(value)) {
        data[selection.key] = value;
        continue;
      }
      const settled = value.then((found) => {
        data[selection.key] = found;
      });
      if (pending === undefined) pending = [settled];
      else pending.push(settled);
    }
  } catch (error) {
    if (pending === undefined) throw error;
    // What has begun ends first.
    return Promise.allSettled(pending).then(() => {
      throw error;
    });
  }
  return pending === undefined ? data : Promise.all(pending).then(() => data);
}

function executeField(run: Run, selection: Selection, place: Place): unknown {
  const { read, shape } = selection;
  if (read === undefined) return new FieldValues(run, selection, place).execute();
  try {
    const found = read(place.source);
    if (!isPromise(found)) return completed(selection, shape, found);
    return new FieldValues(run, selection, place).wait(found);
  } catch (error) {
    return new FieldValues(run, selection, place).refuse(error);
  }
}

/** The value, written if it is a leaf. Throws if it is an error, or null where it must not be. */
function completed({ parent, field }: Selection, shape: Shape, found: unknown): unknown {
  if (found instanceof Error) throw found;
  if (found === null || found === undefined) {
    if (!shape.isNonNull) return null;
    throw new Error(`Cannot return null for non-nullable field ${parent.name}.${field.name}.`);
  }
  if (shape.kind !== 'leaf') return found;
  const value: unknown = shape.type.serialize(found);
  if (value !== null && value !== undefined) return value;
  throw new Error(`${shape.type.name} has written a value as ${value}.`);
}

/** From what a resolver has returned to what stands in the result. */
class FieldValues {
  readonly #run: Run;
  readonly #selection: Selection;
  readonly #source: unknown;
  readonly #info: GraphQLResolveInfo;

  constructor(run: Run, selection: Selection, { source, path }: Place) {
    const { key, nodes, parent, field } = selection;
    this.#run = run;
    this.#selection = selection;
    this.#source = source;
    this.#info = {
      fieldName: field.name,
      fieldNodes: nodes,
      returnType: field.type,
      parentType: parent,
      path: { prev: path, key, typename: parent.name },
      schema: run.schema,
      fragments: run.fragments,
      rootValue: run.rootValue,
      operation: run.operation,
      variableValues: run.variables,
    };
  }

  execute(): unknown {
    const { field, nodes, shape } = this.#selection;
    const { context, variables } = this.#run;
    try {
      const args = field.args.length === 0 ? {} : getArgumentValues(field, nodes[0], variables);
      const found: unknown = (field.resolve ?? defaultFieldResolver)(this.#source, args, context, this.#info);
      if (isPromise(found)) return this.wait(found);
      const value = this.#complete(shape, this.#info.path, found);
      return isPromise(value) ? value.then(undefined, (error) => this.refuse(error)) : value;
    } catch (error) {
      return this.refuse(error);
    }
  }

  wait(found: Promise<unknown>): Promise<unknown> {
    const { shape } = this.#selection;
    return found
      .then((resolved) => this.#complete(shape, this.#info.path, resolved))
      .then(undefined, (error) => this.refuse(error));
  }

  /** Makes the field null for this error. */
  refuse(error: unknown): null {
    return this.#fail(this.#selection.shape, this.#info.path, error);
  }

  #complete(shape: Shape, path: Path, found: unknown): unknown {
    const value = completed(this.#selection, shape, found);
    if (value === null) return null;
    switch (shape.kind) {
      case 'leaf':
        return value;
      case 'list':
        return this.#list(shape.item, path, value);
      case 'object':
        return this.#object(shape.type, path, value);
      case 'abstract':
        return this.#abstract(shape.type, path, value);
    }
  }

  /** Notes the error of a value that is null for it. Throws it if the value must not be null. */
  #fail(shape: Shape, path: Path, error: unknown): null {
    const located = locatedError(error, this.#selection.nodes, keysOf(path));
    if (shape.isNonNull) throw located;
    this.#run.errors.push(located);
    return null;
  }

  #name(): string {
    return `${this.#info.parentType.name}.${this.#info.fieldName}`;
  }

  #list(shape: Shape, path: Path, found: unknown): unknown {
    if (!isIterable(found)) {
      throw new GraphQLError(`Expected Iterable, but did not find one for field "${this.#name()}".`);
    }
    const values: unknown[] = [];
    let isPending = false;
    try {
      for (const item of found) {
        const value = this.#item(shape, { prev: path, key: values.length, typename: undefined }, item);
        isPending ||= isPromise(value);
        values.push(value);
      }
    } catch (error) {
      // Nobody waits for the others any more. Without this, one that is rejected would end the process.
      for (const value of [...values, ...found]) if (isPromise(value)) value.then(undefined, () => undefined);
      throw error;
    }
    return isPending ? Promise.all(values) : values;
  }

  #item(shape: Shape, path: Path, found: unknown): unknown {
    try {
      const value = isPromise(found)
        ? found.then((resolved) => this.#complete(shape, path, resolved))
        : this.#complete(shape, path, found);
      return isPromise(value) ? value.then(undefined, (error) => this.#fail(shape, path, error)) : value;
    } catch (error) {
      return this.#fail(shape, path, error);
    }
  }

  #object(type: GraphQLObjectType, path: Path, found: unknown): unknown {
    const below = (isOfType: boolean) => {
      if (!isOfType) throw new Error(`${this.#name()} has returned a value that is not a ${type.name}.`);
      const selections = selectionsBelow(this.#run, this.#selection, type);
      return executeFields(this.#run, selections, { source: found, path });
    };
    if (type.isTypeOf == null) return below(true);
    const isOfType = type.isTypeOf(found, this.#run.context, this.#info);
    return isPromise(isOfType) ? isOfType.then(below) : below(isOfType);
  }

  #abstract(type: GraphQLAbstractType, path: Path, found: unknown): unknown {
    const name = (type.resolveType ?? defaultTypeResolver)(found, this.#run.context, this.#info, type);
    return isPromise(name)
      ? name.then((resolved) => this.#object(this.#possible(type, resolved), path, found))
      : this.#object(this.#possible(type, name), path, found);
  }

  #possible(type: GraphQLAbstractType, name: unknown): GraphQLObjectType {
    const { schema } = this.#run;
    const possible = typeof name === 'string' ? schema.getType(name) : undefined;
    if (isObjectType(possible) && schema.isSubType(type, possible)) return possible;
    throw new Error(`${this.#name()} has returned a value of the type ${name}, which is not a ${type.name}.`);
  }
}

const isIterable = (value: unknown): value is Iterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.iterator in value;

function keysOf(path: Path): (string | number)[] {
  const keys: (string | number)[] = [];
  for (let at: Path | undefined = path; at !== undefined; at = at.prev) keys.push(at.key);
  return keys.reverse();
}
