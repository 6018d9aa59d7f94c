import {
  GraphQLError,
  parse,
  specifiedRules,
  type ValidationRule,
  ValuesOfCorrectTypeRule,
  validate,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { documentLimits, refuseLargeDocument } from '../graph/document-limits.ts';
import { hideLiteral, hideText } from '../graph/hide-values.ts';

/** Refuses documents that are too long or too large while they are parsed, before any validation rule runs. */
export function useDocumentLimits(): Plugin {
  return {
    onParse({ setParseFn }) {
      setParseFn(parseWithinLimits);
    },
    onValidate({ setValidationFn }) {
      setValidationFn((schema, document, rules, _typeInfo, options) => {
        const refusal = refuseLargeDocument(document);
        if (refusal !== undefined) return [refusal];
        try {
          return validate(schema, document, (rules ?? specifiedRules).map(ownRule), options);
        } catch (error) {
          if (error instanceof GraphQLError) return [conditionOfSubscription(error)];
          throw error;
        }
      });
    },
  };
}

/**
 * The rule that a subscription has one root field throws if a variable decides about that field, because it has no
 * values of variables. The specification allows neither directive there.
 */
const conditionOfSubscription = ({ nodes }: GraphQLError) =>
  new GraphQLError(
    '`@skip` and `@include` around the root field of a subscription cannot depend on a variable. Leave them out.',
    { nodes: nodes ?? null },
  );

function parseWithinLimits(source: string) {
  try {
    if (source.length > documentLimits.characters) {
      throw new GraphQLError(`The document has more than ${documentLimits.characters} characters.`, {
        extensions: { limit: documentLimits.characters },
      });
    }
    return parse(source, { maxTokens: documentLimits.tokens });
  } catch (error) {
    // The parser calls itself for each level of a value, and the stack may end before the limit for tokens.
    const refusal =
      error instanceof RangeError ? new GraphQLError('The document is nested too deeply.') : error;
    if (refusal instanceof GraphQLError) {
      refusal.extensions.code = 'GRAPHQL_PARSE_FAILED';
      hideText(refusal);
    }
    throw refusal;
  }
}

/** A wrong scalar or enum value gets the same code in the document as in a variable. */
const valuesAreUserInput: ValidationRule = (context) => {
  const reporting = Object.create(context, {
    reportError: {
      value(error: GraphQLError) {
        error.extensions.code = 'BAD_USER_INPUT';
        hideLiteral(error);
        context.reportError(error);
      },
    },
  });
  return ValuesOfCorrectTypeRule(reporting);
};

const ownRule = (rule: ValidationRule) => (rule === ValuesOfCorrectTypeRule ? valuesAreUserInput : rule);
