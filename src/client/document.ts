import { type DocumentNode, print } from 'graphql';
import type { Change } from './change.ts';
import { UsageError } from './errors.ts';

/**
 * A document with the types of its result and variables, as code generators create it (TypedDocumentNode, or a
 * string).
 */
export type TypedDocument<Result, Variables> = (DocumentNode | string | { toString(): string }) & {
  readonly __apiType?: (variables: Variables) => Result;
};

/**
 * The fields of a change of the log: a list of names, a selection such as `{ deliveryId }`, or a fragment on
 * DeliveryStatusChange.
 */
export type Select<Selected> = readonly (keyof Change)[] | TypedDocument<Selected, never>;

/** A document as text. */
export function textOf(document: DocumentNode | string | { toString(): string }): string {
  return typeof document === 'object' && 'kind' in document ? print(document) : String(document);
}

export const logHeadQuery = 'query LogHead($appId: ID) { logHead(appId: $appId) }';
export const logOldestQuery = 'query LogOldest($appId: ID) { logOldest(appId: $appId) }';

const usual =
  'occurredAt deliveryId endpointId eventType status previousStatus failureReason attemptNumber responseStatus';

/**
 * The text of the document that reads a log. A server that allows only known documents must know it. Throws
 * UsageError.
 */
export function logDocument(select?: Select<unknown> | undefined): string {
  const { selection, definitions } = readSelect(select);
  return `subscription DeliveryLog($after: SafeInt!, $filter: DeliveryFilter, $appId: ID, $maxBatch: Int!) {
  deliveryLog(after: $after, filter: $filter, appId: $appId, maxBatch: $maxBatch) {
    after
    position
    head
    changes { position ${selection} }
  }
}${definitions}`;
}

function readSelect(select: unknown): { selection: string; definitions: string } {
  if (select === undefined) return { selection: usual, definitions: '' };
  if (Array.isArray(select)) {
    if (!select.every((name) => typeof name === 'string' && /^[_A-Za-z]\w*$/.test(name))) {
      throw new UsageError('select is a list of field names; one of them is none.');
    }
    return { selection: select.join(' '), definitions: '' };
  }
  const text = textOf(Object(select)).trim();
  const fragment = /^(?:#[^\n]*\n\s*)*fragment\s+(\w+)\s+on\s+DeliveryStatusChange\b/.exec(text)?.[1];
  if (fragment !== undefined) return { selection: `...${fragment}`, definitions: `\n${text}` };
  if (text.startsWith('{') && text.endsWith('}')) return { selection: text.slice(1, -1), definitions: '' };
  throw new UsageError(
    'select is a list of field names, a selection such as `{ deliveryId }`, or a fragment on DeliveryStatusChange.',
  );
}
