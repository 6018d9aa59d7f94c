import { type GraphQLResolveInfo, Kind, type SelectionSetNode } from 'graphql';

type Fragments = GraphQLResolveInfo['fragments'];

/**
 * Whether the records of a connection are asked for this field, so that a list can read for all of its records what
 * each would otherwise wait for. It may say yes for a field that `@skip` leaves out.
 */
export function asksRecordsFor(
  { fieldNodes, fragments }: Pick<GraphQLResolveInfo, 'fieldNodes' | 'fragments'>,
  field: string,
): boolean {
  return fieldNodes.some(
    ({ selectionSet }) =>
      selects(selectionSet, ['nodes', field], fragments) ||
      selects(selectionSet, ['edges', 'node', field], fragments),
  );
}

function selects(
  set: SelectionSetNode | undefined,
  [name, ...below]: readonly string[],
  fragments: Fragments,
): boolean {
  return (
    set?.selections.some((selection) => {
      if (selection.kind === Kind.FIELD) {
        if (selection.name.value !== name) return false;
        return below.length === 0 || selects(selection.selectionSet, below, fragments);
      }
      const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? fragments[selection.name.value] : selection;
      return selects(fragment?.selectionSet, name === undefined ? [] : [name, ...below], fragments);
    }) ?? false
  );
}
