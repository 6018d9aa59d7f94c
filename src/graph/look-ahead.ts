import { type FieldNode, type GraphQLResolveInfo, Kind, type SelectionSetNode } from 'graphql';

type Fragments = GraphQLResolveInfo['fragments'];

/** The fields that are selected, by name. Those that `@skip` leaves out are among them. */
export type Selected = ReadonlyMap<string, readonly FieldNode[]>;

/**
 * What the records of a connection are asked for, so that a list can read for all of its records what each would
 * otherwise wait for, and leave out what none needs.
 */
export function askedOfRecords({
  fieldNodes,
  fragments,
}: Pick<GraphQLResolveInfo, 'fieldNodes' | 'fragments'>): Selected {
  const ofPage = selectedBelow(fieldNodes, fragments);
  const ofEdges = selectedBelow(ofPage.get('edges'), fragments);
  return selectedBelow([...(ofPage.get('nodes') ?? []), ...(ofEdges.get('node') ?? [])], fragments);
}

/** The fields that are selected below any of these. */
export function selectedBelow(nodes: readonly FieldNode[] = [], fragments: Fragments): Selected {
  const found = new Map<string, FieldNode[]>();
  for (const { selectionSet } of nodes) collect(selectionSet, fragments, found);
  return found;
}

function collect(
  set: SelectionSetNode | undefined,
  fragments: Fragments,
  found: Map<string, FieldNode[]>,
): void {
  for (const selection of set?.selections ?? []) {
    if (selection.kind === Kind.FIELD) {
      const { value: name } = selection.name;
      const known = found.get(name);
      if (known === undefined) found.set(name, [selection]);
      else known.push(selection);
      continue;
    }
    const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? fragments[selection.name.value] : selection;
    collect(fragment?.selectionSet, fragments, found);
  }
}
