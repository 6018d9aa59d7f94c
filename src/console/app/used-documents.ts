import { useSyncExternalStore } from 'react';
import { mapExchange, stringifyDocument } from 'urql';

/** A document that the view which is open has sent. */
export type UsedDocument = Readonly<{ text: string; variables: unknown }>;

const listeners = new Set<() => void>();
let used: readonly UsedDocument[] = [];

/** Notes a document; the same one with other variables takes the place of the earlier. */
export function noteDocument(text: string, variables: unknown): void {
  const plain = text.replace(/\n *__typename$/gm, '');
  used = [...used.filter((entry) => entry.text !== plain), { text: plain, variables }];
  for (const listener of listeners) listener();
}

/** Another view begins. */
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
