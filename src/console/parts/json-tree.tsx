type Json = Readonly<{ [name: string]: unknown }> | readonly unknown[];

/** A number as it was written: JavaScript's own would lose digits. */
class Digits {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const mostChildren = 200;
const opened = 2;

/** A JSON text as a tree that opens and closes. Everything in it is text. */
export function JsonTree({ text, name }: Readonly<{ text: string; name: string }>) {
  const value = read(text);
  return (
    <div className="tree" role="region" aria-label={name} tabIndex={0}>
      <Node value={value} depth={0} />
    </div>
  );
}

function read(text: string): unknown {
  try {
    return JSON.parse(text, keepDigits);
  } catch {
    return text;
  }
}

/** Browsers that do not tell how a number was written show their own reading of it. */
function keepDigits(_name: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === 'number' ? new Digits(context?.source ?? String(value)) : value;
}

function Node({ name, value, depth }: Readonly<{ name?: string; value: unknown; depth: number }>) {
  const label = name === undefined ? null : <span className="tree-name">{name}: </span>;
  if (!isNested(value)) {
    return (
      <div>
        {label}
        <Leaf value={value} />
      </div>
    );
  }
  const entries = Object.entries(value);
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  if (entries.length === 0) {
    return (
      <div>
        {label}
        {open + close}
      </div>
    );
  }
  return (
    <details open={depth < opened}>
      <summary>
        {label}
        {open}
        <small>
          {' '}
          {entries.length} {Array.isArray(value) ? 'entries' : 'fields'}{' '}
        </small>
        {close}
      </summary>
      <ul>
        {entries.slice(0, mostChildren).map(([key, child]) => (
          <li key={key}>
            <Node name={key} value={child} depth={depth + 1} />
          </li>
        ))}
        {entries.length > mostChildren && <li>and {entries.length - mostChildren} more: see the text</li>}
      </ul>
    </details>
  );
}

const isNested = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !(value instanceof Digits);

function Leaf({ value }: Readonly<{ value: unknown }>) {
  if (value instanceof Digits) return <span className="tree-number">{value.text}</span>;
  if (typeof value === 'string') return <span className="tree-string">{JSON.stringify(value)}</span>;
  return <span className="tree-word">{String(value)}</span>;
}
