import {
  type InputFieldBuilder,
  type InputFieldMap,
  type InputObjectRef,
  type InputShapeFromFields,
  ObjectRef,
  type OutputType,
  type ShapeFromTypeParam,
} from '@pothos/core';
import type { ErrorsPluginOptions } from '@pothos/plugin-errors';
import type { Context } from './context.ts';
import type { FieldPermission } from './permission.ts';
import type { Capability } from './permission-plugin.ts';
import type { Builder, Types } from './schema-types.ts';

/** A field of a payload. The resolver returns its value under the field's name. */
type PayloadField = Readonly<{
  type: OutputType<Types> | [OutputType<Types>];
  nullable?: boolean;
  description: string;
}>;

export type PayloadFields = Readonly<Record<string, PayloadField>>;

/** The type that a resolver returns for the declared fields. */
export type PayloadShape<Fields> = Fields extends PayloadFields
  ? {
      -readonly [Name in keyof Fields]: ShapeFromTypeParam<
        Types,
        Fields[Name]['type'],
        Fields[Name]['nullable'] extends true ? true : false
      >;
    }
  : Fields extends ObjectRef<Types, infer Shape>
    ? Shape
    : never;

type InputFieldsOf = (t: InputFieldBuilder<Types, 'InputObject'>) => InputFieldMap;

type InputShape<Input> = Input extends (t: never) => infer Fields
  ? Fields extends InputFieldMap
    ? InputShapeFromFields<Fields>
    : never
  : Input extends InputObjectRef<Types, infer Shape>
    ? Shape
    : never;

/** A class of `errors.ts`. */
type ErrorClass = NonNullable<ErrorsPluginOptions<Types>['defaultTypes']>[number];

/**
 * Declares a mutation in the form that all of ours have: one argument `input`, and a result union of a payload and
 * the possible errors. The types are named after the mutation: `XInput`, `XPayload`, `XResult`. `resolve` returns the
 * payload's fields and throws the listed errors; any other error becomes a top-level error. If two mutations share an
 * input type or a payload type, it is given as its ref.
 *
 * ```ts
 * mutation(builder, 'revokeApiKey', {
 *   description: '…',
 *   permission: 'MANAGE_API_KEYS',
 *   capability: { records: ['ApiKey'], sideEffects: ['audit entry'], idempotency: 'A revoked key stays revoked.' },
 *   input: (t) => ({ id: t.id({ required: true, description: '…' }) }),
 *   payload: { apiKey: { type: ApiKey, description: '…' } },
 *   errors: [NotFoundError],
 *   resolve: async ({ id }, context) => ({ apiKey: await revokeApiKey(…) }),
 * });
 * ```
 */
export function mutation<
  Input extends InputFieldsOf | InputObjectRef<Types, object>,
  const Payload extends PayloadFields | ObjectRef<Types, object>,
>(
  builder: Builder,
  name: string,
  options: {
    description: string;
    permission: FieldPermission;
    capability: Capability;
    input: Input;
    payload: Payload;
    errors: readonly ErrorClass[];
    /** Explains the payload, if the fields alone do not. */
    payloadDescription?: string;
    inputDescription?: string;
    /** How many times what is selected counts, where the input decides how long the answer is. */
    timesOf?(input: InputShape<Input>): number;
    resolve(
      input: InputShape<Input>,
      context: Context,
    ): Promise<PayloadShape<Payload>> | PayloadShape<Payload>;
  },
): void {
  const base = name.charAt(0).toUpperCase() + name.slice(1);
  const input: InputObjectRef<Types, object> = isFieldsFunction(options.input)
    ? builder.inputType(`${base}Input`, {
        description: options.inputDescription ?? `The input of \`${name}\`.`,
        fields: options.input,
      })
    : options.input;
  const payload: ObjectRef<Types, object> = isRef(options.payload)
    ? options.payload
    : payloadType(builder, `${base}Payload`, {
        description: options.payloadDescription ?? `The answer of \`${name}\` when it succeeds.`,
        fields: options.payload,
      });

  builder.mutationField(name, (t) =>
    t.field({
      type: payload,
      description: options.description,
      permission: options.permission,
      capability: options.capability,
      args: { input: t.arg({ type: input, required: true, description: 'The input.' }) },
      complexity: (args) => ({
        field: 1,
        multiplier: options.timesOf?.(args.input as InputShape<Input>) ?? 1,
      }),
      errors: {
        types: [...options.errors],
        directResult: true,
        union: {
          name: `${base}Result`,
          description: `The result of \`${name}\`: its payload, or the error that it was refused with.`,
        },
      },
      resolve: async (_root, args, context): Promise<object> =>
        options.resolve(args.input as InputShape<Input>, context),
    }),
  );
}

/** A payload type that two mutations share. */
export function payloadType<const Fields extends PayloadFields>(
  builder: Builder,
  name: string,
  options: { description: string; fields: Fields },
): ObjectRef<Types, PayloadShape<Fields> & object> {
  return builder.objectRef<PayloadShape<Fields> & object>(name).implement({
    description: options.description,
    fields: (t) =>
      Object.fromEntries(
        Object.entries(options.fields).map(([field, { type, nullable, description }]) => [
          field,
          t.field({
            type,
            nullable: nullable ?? false,
            description,
            resolve: (payload) => (payload as Record<string, never>)[field],
          }),
        ]),
      ),
  });
}

const isRef = (value: unknown): value is ObjectRef<Types, object> => value instanceof ObjectRef;
const isFieldsFunction = (value: unknown): value is InputFieldsOf => typeof value === 'function';
