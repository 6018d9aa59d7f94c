/** A comment, a string, a name in quotes, a text between dollars, the end of a statement, or what is between these. */
const pieces = /--.*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|"[^"]*"|(\$\w*\$)[\s\S]*?\1|;|[^;'"$/-]+|[\s\S]/g;

/**
 * The statements of an SQL file, without the empty ones. It does not understand strings with backslashes (`E'…'`),
 * comments within comments, or bodies of functions that are not between dollars.
 */
export function splitStatements(text: string): string[] {
  const statements: string[] = [];
  let current = '';
  let isEmpty = true;
  for (const [piece] of text.matchAll(pieces)) {
    if (piece === ';') {
      if (!isEmpty) statements.push(current.trim());
      current = '';
      isEmpty = true;
      continue;
    }
    current += piece;
    if (!piece.startsWith('--') && !piece.startsWith('/*') && piece.trim() !== '') isEmpty = false;
  }
  if (!isEmpty) statements.push(current.trim());
  return statements;
}
