import { NoSchemaIntrospectionCustomRule } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Context } from '../graph/context.ts';

/** In production the schema can only be read with a credential. */
export function useIntrospectionGate(options: { production: boolean }): Plugin<Partial<Context>> {
  return {
    onValidate({ context, addValidationRule }) {
      if (options.production && context.actor === undefined)
        addValidationRule(NoSchemaIntrospectionCustomRule);
    },
  };
}
