type Schema = Readonly<Record<string, unknown>>;

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const deepest = 12;

/** A JSON Schema as a tree of its fields. Everything in it is shown as text. */
export function SchemaTree({ schema }: Readonly<{ schema: unknown }>) {
  if (!isSchema(schema))
    return <p className="hint">{schema === false ? 'No payload is taken.' : 'Any payload is taken.'}</p>;
  return (
    <div className="schema">
      <Fields schema={schema} depth={0} />
      <details>
        <summary>JSON Schema</summary>
        <pre className="code wrapped">{JSON.stringify(schema, null, 2)}</pre>
      </details>
    </div>
  );
}

function Fields({ schema, depth }: Readonly<{ schema: Schema; depth: number }>) {
  const properties = isSchema(schema.properties) ? Object.entries(schema.properties) : [];
  const required: readonly unknown[] = Array.isArray(schema.required) ? schema.required : [];
  if (properties.length === 0) return <p className="hint">{typeOf(schema)}</p>;
  return (
    <ul>
      {properties.map(([name, value]) => {
        const inner = isSchema(value) ? value : {};
        const items = isSchema(inner.items) ? inner.items : undefined;
        const below = items ?? inner;
        const hasFields = isSchema(below.properties) && depth < deepest;
        const label = (
          <>
            <code>{name}</code> <span className="type">{typeOf(inner)}</span>
            {required.includes(name) && <span className="note-inline">required</span>}
            {typeof inner.description === 'string' && <span className="note">{inner.description}</span>}
          </>
        );
        return (
          <li key={name}>
            {hasFields ? (
              <details open={depth < 1}>
                <summary>{label}</summary>
                <Fields schema={below} depth={depth + 1} />
              </details>
            ) : (
              label
            )}
          </li>
        );
      })}
    </ul>
  );
}

function typeOf(schema: Schema): string {
  if ('const' in schema) return JSON.stringify(schema.const);
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => JSON.stringify(value)).join(' or ');
  if (typeof schema.$ref === 'string') return schema.$ref;
  const named = Array.isArray(schema.type) ? schema.type.join(' or ') : String(schema.type ?? 'anything');
  const format = typeof schema.format === 'string' ? ` (${schema.format})` : '';
  return isSchema(schema.items) ? `list of ${typeOf(schema.items)}` : `${named}${format}`;
}
