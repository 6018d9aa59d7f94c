/**
 * The one rule for text from outside. JavaScript's strings may hold half of a surrogate pair, which becomes another
 * character on its way out; PostgreSQL takes no NUL; and a name that holds a line break, or turns the direction of
 * what follows it, is shown as something else than it is.
 */

/** Whether it can be stored and comes back as it was. What cannot matches nothing that is stored. */
export const isStorable = (text: string): boolean => !text.includes('\0') && text.isWellFormed();

/** Those of the texts that something stored could equal. */
export const storable = (texts: readonly string[]): string[] => texts.filter(isStorable);

/** Control characters, line and paragraph separators, and what overrides or isolates the direction of writing. */
const unfitForLine = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

/** One line for people: a name, a reason. Of `maxChars` UTF-16 units at most, and not of white space alone. */
export const isLine = (text: string, maxChars: number): boolean =>
  text.trim() !== '' && text.length <= maxChars && isStorable(text) && !unfitForLine.test(text);

export const lineRule = (maxChars: number): string =>
  `must have 1 to ${maxChars.toLocaleString('en')} characters, without line breaks, control characters and changes of the direction of writing`;
