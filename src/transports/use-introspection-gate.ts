import { NoSchemaIntrospectionCustomRule } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Context } from '../graph/context.ts';

/** Without a credential the schema cannot be read in production. */
export function useIntrospectionGate(options: { production: boolean }): Plugin<Partial<Context>> {
  return {
    onValidate({ context, addValidationRule }) {
      if (options.production && context.actor === undefined)
        addValidationRule(NoSchemaIntrospectionCustomRule);
    },
  };
}
