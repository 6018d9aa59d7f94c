/**
 * Together, in characters. A parsed document holds 500 bytes for each token, which may be two characters short:
 * 50 MB at most, room for a hundred or more of the size that front ends send.
 */
const maxCharacters = 200_000;
/** A longer one would push out all others. */
const maxCharactersEach = 20_000;

type DocumentCache<Value> = { get(text: string): Value | undefined; set(text: string, value: Value): void };

/** The documents used last. It has an end whatever callers send: each text costs what it takes to parse it again. */
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
