/** Documents that are kept parsed and validated: as many as a few front ends have. */
const maxDocuments = 500;
/** Longer texts are rare, and parsed again each time: together the cache then holds some 50 MB at most. */
const maxCharacters = 20_000;

type DocumentCache<Value> = { get(text: string): Value | undefined; set(text: string, value: Value): void };

/** The documents used last. It has an end whatever callers send: each text costs what it takes to parse it again. */
export function recentDocuments<Value>(): DocumentCache<Value> {
  const byText = new Map<string, Value>();
  return {
    get(text) {
      const value = byText.get(text);
      if (value === undefined) return undefined;
      byText.delete(text);
      byText.set(text, value);
      return value;
    },
    set(text, value) {
      if (text.length > maxCharacters) return;
      byText.set(text, value);
      const oldest = byText.keys().next();
      if (byText.size > maxDocuments && oldest.done !== true) byText.delete(oldest.value);
    },
  };
}
