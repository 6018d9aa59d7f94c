import { useSyncExternalStore } from 'react';
import { mapExchange, stringifyDocument } from 'urql';

/** A document that the view which is open has sent. */
export type UsedDocument = Readonly<{ text: string; variables: unknown }>;

const listeners = new Set<() => void>();
let used: readonly UsedDocument[] = [];

/** Records a document. The same document with other variables replaces the earlier one. */
export function noteDocument(text: string, variables: unknown): void {
  const plain = text.replace(/\n *__typename$/gm, '');
  used = [...used.filter((entry) => entry.text !== plain), { text: plain, variables }];
  for (const listener of listeners) listener();
}

/** Called when another view begins. */
export function forgetDocuments(): void {
  used = [];
  for (const listener of listeners) listener();
}

export const useUsedDocuments = (): readonly UsedDocument[] =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => used,
  );

export const noteDocuments = mapExchange({
  onOperation({ kind, query, variables }) {
    if (kind === 'query') noteDocument(stringifyDocument(query), variables);
  },
});
