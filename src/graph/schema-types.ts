import type { Context } from './context.ts';

/** What Pothos must know about our schema to type resolvers and inputs. */
export type GraphTypes = {
  Context: Context;
  DefaultFieldNullability: false;
  Scalars: {
    ID: { Input: string; Output: string };
    DateTime: { Input: Date; Output: Date };
    JSON: { Input: unknown; Output: unknown };
    URL: { Input: string; Output: string };
    SafeInt: { Input: number; Output: number };
  };
};

export type Types = PothosSchemaTypes.ExtendDefaultTypes<GraphTypes>;

export type Builder = PothosSchemaTypes.SchemaBuilder<Types>;
