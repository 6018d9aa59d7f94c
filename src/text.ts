/**
 * The one rule for text from outside. A JavaScript string may hold half of a surrogate pair, which becomes
 * another character when it is encoded. PostgreSQL cannot store NUL. A name with a line break, or with a character that
 * changes the direction of writing, is displayed as something that it is not.
 */

/** Whether PostgreSQL can store the text and return it unchanged. A text that fails this equals nothing stored. */
export const isStorable = (text: string): boolean => !text.includes('\0') && text.isWellFormed();

/** No text that can be searched for is longer: they come from headers, names and keys, which have lower limits. */
const maxSearchedChars = 16_384;

/** Whether something stored may equal the text. If not, the database need not be asked. */
export const canEqualStored = (text: string): boolean => text.length <= maxSearchedChars && isStorable(text);

/** The texts among these that may equal something stored. */
export const storable = (texts: readonly string[]): string[] => texts.filter(canEqualStored);

/** Control characters, line and paragraph separators, and characters that change the direction of writing. */
const unfitForLine = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

/**
 * Whether the text fits on one line for people, such as a name or a reason: 1 to `maxChars` UTF-16 units, not only
 * white space.
 */
export const isLine = (text: string, maxChars: number): boolean =>
  text.trim() !== '' && text.length <= maxChars && isStorable(text) && !unfitForLine.test(text);

/** One `@` between two parts without white space. Only a mail can tell whether the mailbox exists. */
export const isEmail = (text: string): boolean =>
  isLine(text, 254) && /^[^\s@<>,;"]+@[^\s@<>,;"]+$/.test(text);

export const lineRule = (maxChars: number): string =>
  `must have 1 to ${maxChars.toLocaleString('en')} characters, without line breaks, control characters or characters that change the direction of writing`;
