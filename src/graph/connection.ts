import type { ArgBuilder, ObjectFieldBuilder, ObjectFieldsShape, ObjectRef } from '@pothos/core';
import {
  type Counted,
  defaultPageSize,
  encodeCursor,
  type ListOf,
  type MoreRows,
  maxPageSize,
  maxTotalCount,
  type Page,
  type PageArgs,
} from '../db/keyset.ts';
import type { Builder, Types } from './schema-types.ts';

/** The `fields` of a connection whose list is short enough to be counted for each request. */
export const countedFields = (t: ObjectFieldBuilder<Types, Counted>) => ({
  totalCount: t.int({
    description: `The number of records in the whole list, not only in this page. Counting stops at ${maxTotalCount.toLocaleString('en')}.`,
    resolve: ({ count }) => count(),
  }),
});

/**
 * Creates a Relay connection over keyset pages: `XConnection { edges, nodes, pageInfo }` and `XEdge { cursor, node
 * }`. A field of this type returns what `toPage` returns. `fields` can add fields that read other properties of the
 * returned value.
 *
 * ```ts
 * const DeliveryConnection = connection<DeliveryRow, { logPosition: number }>(builder, {
 *   type: Delivery,
 *   cursorOf: (row) => row.id,
 *   fields: (t) => ({ logPosition: t.expose('logPosition', { type: 'SafeInt', description: '…' }) }),
 * });
 * ```
 */
export function connection<Row extends object, Extra extends object = object>(
  builder: Builder,
  options: {
    type: ObjectRef<Types, Row> & { name: string };
    /** The UUID by which the page is sorted. */
    cursorOf: (row: Row) => string;
    description?: string;
    fields?: ObjectFieldsShape<Types, Page<Row> & Extra>;
  },
): ObjectRef<Types, Page<Row> & Extra> {
  const { cursorOf, fields } = options;
  const { name } = options.type;
  // Pothos cannot tell that a row of unknown shape is not a list.
  const type: ObjectRef<Types, object> = options.type;
  const edgeOf = (of: ListOf, node: Row): { cursor: string; node: object } => ({
    cursor: encodeCursor(of, cursorOf(node)),
    node,
  });

  const Edge = builder.objectRef<{ cursor: string; node: object }>(`${name}Edge`).implement({
    description: `One ${name} record of a page, with its cursor.`,
    fields: (t) => ({
      cursor: t.exposeString('cursor', {
        description: 'Pass it as `after` or `before` to continue from this record.',
      }),
      node: t.field({
        type,
        description: `The ${name} record.`,
        complexity: 0,
        resolve: (edge) => edge.node,
      }),
    }),
  });

  return builder.objectRef<Page<Row> & Extra>(`${name}Connection`).implement({
    description: options.description ?? `A page of ${name} records, newest first.`,
    fields: (t) => ({
      // The page size is multiplied in at the field with the argument `first`, so it must not count here again.
      edges: t.field({
        type: [Edge],
        description: "The page's records with their cursors.",
        complexity: onceEach,
        resolve: (page) => page.rows.map((row) => edgeOf(page.of, row)),
      }),
      nodes: t.field({
        type: [type],
        description: "The page's records.",
        complexity: onceEach,
        resolve: (page): readonly object[] => page.rows,
      }),
      pageInfo: t.field({
        type: pageInfoOf(builder),
        description: 'Whether there are more records, and the cursors to continue with.',
        resolve: (page) => {
          const [first, last] = [page.rows[0], page.rows.at(-1)];
          const start = page.startsAt ?? (first && cursorOf(first));
          const end = page.endsAt ?? (last && cursorOf(last));
          return {
            hasNextPage: page.hasNextPage,
            hasPreviousPage: page.hasPreviousPage,
            startCursor: start === undefined ? null : encodeCursor(page.of, start),
            endCursor: end === undefined ? null : encodeCursor(page.of, end),
          };
        },
      }),
      ...fields?.(t),
    }),
  });
}

const ofThisList =
  'The cursor must come from a list of the same type and the same owner; any other is refused as BAD_USER_INPUT.';

const onceEach = { field: 0, multiplier: 1 };

/** The arguments of every field that returns a connection: `args: { ...pageArgs(t.arg), filter: … }`. */
export function pageArgs(arg: ArgBuilder<Types>) {
  return {
    first: arg.int({
      description: `The number of records to take from the start: ${defaultPageSize} by default, at most ${maxPageSize}.`,
    }),
    after: arg.string({ description: `Only records after this cursor. ${ofThisList}` }),
    last: arg.int({
      description: `The number of records to take from the end: at most ${maxPageSize}. It cannot be combined with \`first\`.`,
    }),
    before: arg.string({ description: `Only records before this cursor. ${ofThisList}` }),
  };
}

/** The cost of a connection field: `complexity: pageCost`. An invalid page size is counted as the largest page. */
export function pageCost(args: PageArgs): { field: number; multiplier: number } {
  const asked = args.first ?? args.last ?? defaultPageSize;
  return { field: 1, multiplier: asked >= 0 && asked <= maxPageSize ? asked : maxPageSize };
}

type PageInfo = {
  hasNextPage: MoreRows;
  hasPreviousPage: MoreRows;
  startCursor: string | null;
  endCursor: string | null;
};

const answerOf = (more: MoreRows) => (typeof more === 'function' ? more() : more);

const pageInfos = new WeakMap<Builder, ObjectRef<Types, PageInfo>>();

function pageInfoOf(builder: Builder): ObjectRef<Types, PageInfo> {
  const known = pageInfos.get(builder);
  if (known !== undefined) return known;
  const PageInfo = builder.objectRef<PageInfo>('PageInfo').implement({
    description: 'The position of a page in its list.',
    fields: (t) => ({
      hasNextPage: t.boolean({
        description: 'Whether there are records after this page, whatever `before` was given.',
        resolve: ({ hasNextPage }) => answerOf(hasNextPage),
      }),
      hasPreviousPage: t.boolean({
        description: 'Whether there are records before this page, whatever `after` was given.',
        resolve: ({ hasPreviousPage }) => answerOf(hasPreviousPage),
      }),
      startCursor: t.exposeString('startCursor', {
        nullable: true,
        description:
          'The cursor of the first record; null for an empty page. A search that stopped early has the cursor from which it can continue.',
      }),
      endCursor: t.exposeString('endCursor', {
        nullable: true,
        description:
          'The cursor of the last record; null for an empty page. A search that stopped early has the cursor from which it can continue.',
      }),
    }),
  });
  pageInfos.set(builder, PageInfo);
  return PageInfo;
}
