import { type DocumentNode, type GraphQLSchema, getOperationAST, Kind, type SelectionSetNode } from 'graphql';
import { badUserInput } from '../errors.ts';

/**
 * `publishEvents` has a key for each event. It refuses the header, because it could only ignore it.
 *
 * One header cannot be the key of two acts: with `Idempotency-Key`, a document can have at most one mutation that
 * accepts a key. Check this before anything is executed; it throws BAD_USER_INPUT. Fields that `@skip` would leave
 * out count.
 */
export function refuseSharedHeader(
  operation: Readonly<{
    schema: GraphQLSchema;
    document: DocumentNode;
    operationName?: string | null | undefined;
  }>,
): void {
  const { schema, document } = operation;
  const asked = getOperationAST(document, operation.operationName);
  if (asked?.operation !== 'mutation') return;
  const fields = rootFieldsOf(asked.selectionSet, document);
  if (fields.includes('publishEvents')) {
    throw badUserInput(
      'publishEvents does not use the header Idempotency-Key. Give each event its own `idempotencyKey`.',
      { header: 'idempotency-key' },
    );
  }
  const keyed = fields.filter((name) => takesKey(schema, name));
  if (keyed.length < 2) return;
  throw badUserInput(
    'The header Idempotency-Key can be used with one mutation, but the document has several. Give each its own `idempotencyKey` in its input.',
    { header: 'idempotency-key' },
  );
}

/** Includes the fields of fragments. A validated document has no fragment within itself. */
function rootFieldsOf(selections: SelectionSetNode, document: DocumentNode): string[] {
  return selections.selections.flatMap((selection) => {
    if (selection.kind === Kind.FIELD) return [selection.name.value];
    if (selection.kind === Kind.INLINE_FRAGMENT) return rootFieldsOf(selection.selectionSet, document);
    const fragment = document.definitions.find(
      (definition) =>
        definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === selection.name.value,
    );
    return fragment?.kind === Kind.FRAGMENT_DEFINITION ? rootFieldsOf(fragment.selectionSet, document) : [];
  });
}

function takesKey(schema: GraphQLSchema, mutation: string): boolean {
  const input = schema
    .getMutationType()
    ?.getFields()
    [mutation]?.args.find(({ name }) => name === 'input');
  const type = input === undefined ? undefined : schema.getType(String(input.type).replace(/!$/, ''));
  return type !== undefined && 'getFields' in type && 'idempotencyKey' in type.getFields();
}
