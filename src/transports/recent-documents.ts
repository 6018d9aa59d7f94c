/**
 * The limit for all documents together, in characters. A parsed document takes 500 bytes for each token, which may be
 * only two characters. So it is at most 50 MB, with room for a hundred or more documents of the usual size.
 */
const maxCharacters = 200_000;
/** A longer document would push out all others. */
const maxCharactersEach = 20_000;

type DocumentCache<Value> = { get(text: string): Value | undefined; set(text: string, value: Value): void };

/**
 * The documents that were used last. Its size is limited whatever callers send; a text that was dropped is parsed
 * again.
 */
export function recentDocuments<Value>(): DocumentCache<Value> {
  const byText = new Map<string, Value>();
  let characters = 0;
  return {
    get(text) {
      const value = byText.get(text);
      if (value === undefined) return undefined;
      byText.delete(text);
      byText.set(text, value);
      return value;
    },
    set(text, value) {
      if (text.length > maxCharactersEach) return;
      if (!byText.has(text)) characters += text.length;
      byText.set(text, value);
      for (const oldest of byText.keys()) {
        if (characters <= maxCharacters) break;
        byText.delete(oldest);
        characters -= oldest.length;
      }
    },
  };
}
