import {
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';

/**
 * The limits of a document, checked before anything of it is validated or executed. A fragment counts each time it is
 * spread, but is read only once, so a document that doubles itself thirty times is refused quickly.
 *
 * The largest document that tools send, the introspection query, has 200 tokens and is 14 levels deep.
 */
export const documentLimits = {
  /** The length of the text, because comments and white space are not tokens. */
  characters: 100_000,
  tokens: 2_000,
  depth: 16,
  fields: 2_000,
  aliases: 50,
  directives: 50,
  rootFields: 20,
} as const;

type Size = { depth: number; fields: number; aliases: number; directives: number };

/** The error for a document that is too large; undefined for any other. */
export function refuseLargeDocument(document: DocumentNode): GraphQLError | undefined {
  const measure = measurer(document);
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION && definition.kind !== Kind.FRAGMENT_DEFINITION)
      continue;
    const size = measure(definition.selectionSet);
    for (const name of ['depth', 'fields', 'aliases', 'directives'] as const) {
      if (size[name] > documentLimits[name]) return tooLarge(name, size[name]);
    }
    const rootFields =
      definition.kind === Kind.OPERATION_DEFINITION ? measure.top(definition.selectionSet) : 0;
    if (rootFields > documentLimits.rootFields) return tooLarge('rootFields', rootFields);
  }
  return undefined;
}

const words: Record<keyof Size | 'rootFields', string> = {
  depth: 'levels of nesting',
  fields: 'fields',
  aliases: 'aliases',
  directives: 'directives',
  rootFields: 'root fields',
};

function tooLarge(name: keyof Size | 'rootFields', found: number): GraphQLError {
  const limit = documentLimits[name];
  return new GraphQLError(`The document has more than ${limit} ${words[name]}.`, {
    extensions: { code: 'GRAPHQL_VALIDATION_FAILED', limit, found: Math.min(found, Number.MAX_SAFE_INTEGER) },
  });
}

/** Counts selection sets with their fragments spread. A fragment within itself counts as nothing here. */
function measurer(document: DocumentNode) {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const known = new Map<SelectionSetNode, Size>();
  const tops = new Map<SelectionSetNode, number>();
  const none: Size = { depth: 0, fields: 0, aliases: 0, directives: 0 };

  function within(selection: SelectionNode): SelectionSetNode | undefined {
    if (selection.kind !== Kind.FRAGMENT_SPREAD) return selection.selectionSet;
    return fragments.get(selection.name.value)?.selectionSet;
  }

  function measure(set: SelectionSetNode): Size {
    const measured = known.get(set);
    if (measured !== undefined) return measured;
    known.set(set, none);
    const size = { ...none };
    for (const selection of set.selections) {
      const inner = within(selection);
      const { depth, fields, aliases, directives } = inner === undefined ? none : measure(inner);
      const isField = selection.kind === Kind.FIELD;
      size.depth = Math.max(size.depth, depth + (isField ? 1 : 0));
      size.fields += fields + (isField ? 1 : 0);
      size.aliases += aliases + (isField && selection.alias !== undefined ? 1 : 0);
      size.directives += directives + (selection.directives?.length ?? 0);
    }
    known.set(set, size);
    return size;
  }

  measure.top = function top(set: SelectionSetNode): number {
    const counted = tops.get(set);
    if (counted !== undefined) return counted;
    tops.set(set, 0);
    const count = set.selections.reduce((sum, selection) => {
      const inner = selection.kind === Kind.FIELD ? undefined : within(selection);
      return sum + (selection.kind === Kind.FIELD ? 1 : inner === undefined ? 0 : top(inner));
    }, 0);
    tops.set(set, count);
    return count;
  };
  return measure;
}
