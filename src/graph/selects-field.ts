import {
  type FragmentDefinitionNode,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  getDirectiveValues,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';

/** Whether `@skip` and `@include` leave any field of a selection. A subscription without a field cannot be executed. */
export function selectsField(
  set: SelectionSetNode,
  scope: Readonly<{
    fragments: ReadonlyMap<string, FragmentDefinitionNode>;
    variables: { readonly [name: string]: unknown };
  }>,
): boolean {
  return set.selections.some((selection) => {
    if (isLeftOut(selection, scope.variables)) return false;
    if (selection.kind === Kind.FIELD) return true;
    const fragment =
      selection.kind === Kind.FRAGMENT_SPREAD ? scope.fragments.get(selection.name.value) : selection;
    return fragment !== undefined && selectsField(fragment.selectionSet, scope);
  });
}

/** Whether `@skip` or `@include` removes it. */
export function isLeftOut(
  selection: SelectionNode,
  variables: { readonly [name: string]: unknown },
): boolean {
  if ((selection.directives ?? []).length === 0) return false;
  const given = { ...variables };
  return (
    getDirectiveValues(GraphQLSkipDirective, selection, given)?.if === true ||
    getDirectiveValues(GraphQLIncludeDirective, selection, given)?.if === false
  );
}
