/** A header of the owner's as it is typed. */
export type TypedHeader = Readonly<{
  key: number;
  name: string;
  value: string;
  kind: 'plain' | 'secret' | 'signs';
  /** The kind of the stored value, if it is a secret or a key. An empty value keeps it. */
  kept: 'secret' | 'signs' | undefined;
}>;

const kinds = [
  ['plain', 'is sent as it is'],
  ['secret', 'is a secret'],
  ['signs', 'is a key that signs the body'],
] as const;

type StoredHeader = Readonly<{ name: string; value: string | null; isSecret: boolean; signsBody: boolean }>;

export const typedHeader = ({ name, value, isSecret, signsBody }: StoredHeader, key: number): TypedHeader => {
  const kind = signsBody ? 'signs' : isSecret ? 'secret' : 'plain';
  return { key, name, value: value ?? '', kind, kept: kind === 'plain' ? undefined : kind };
};

/** An empty line is left out. A secret value that was not typed again is kept. */
export const headersInput = (headers: readonly TypedHeader[]) =>
  headers
    .filter(({ name }) => name.trim() !== '')
    .map(({ name, value, kind, kept }) => ({
      name: name.trim(),
      value: kept === kind && value === '' ? null : value,
      isSecret: kind === 'secret',
      signsBody: kind === 'signs',
    }));

export function headersProblem(headers: readonly TypedHeader[]): string | undefined {
  if (headers.some(({ name, value }) => name.trim() === '' && value !== ''))
    return 'Give each header a name, or remove it.';
  if (headers.some(({ kind, kept, value }) => kind === 'signs' && kept !== 'signs' && value === ''))
    return 'Type the key that a signing header signs with.';
  return undefined;
}

/** The headers that come with each attempt beside the standard ones. */
export function HeaderFields(
  props: Readonly<{
    headers: readonly TypedHeader[];
    onChange: (headers: readonly TypedHeader[]) => void;
    problem: string | undefined;
  }>,
) {
  const { headers, onChange, problem } = props;
  const change = (key: number, changed: Partial<TypedHeader>) =>
    onChange(headers.map((header) => (header.key === key ? { ...header, ...changed } : header)));
  const nextKey = Math.max(-1, ...headers.map(({ key }) => key)) + 1;
  return (
    <fieldset className="header-fields">
      <legend>Headers of your own</legend>
      {headers.map(({ key, name, value, kind, kept }, index) => (
        <div key={key} className="header-field">
          <input
            aria-label={`Name of header ${index + 1}`}
            placeholder="x-gateway-key"
            value={name}
            autoComplete="off"
            spellCheck={false}
            onChange={(event) => change(key, { name: event.target.value })}
          />
          <input
            aria-label={`Value of header ${index + 1}`}
            type={kind === 'plain' ? 'text' : 'password'}
            placeholder={kept === kind ? 'stays as it is' : kind === 'signs' ? 'the key' : ''}
            value={value}
            autoComplete="off"
            onChange={(event) => change(key, { value: event.target.value })}
          />
          <select
            aria-label={`How header ${index + 1} is sent`}
            value={kind}
            onChange={(event) =>
              change(key, { kind: kinds.find(([one]) => one === event.target.value)?.[0] ?? 'plain' })
            }
          >
            {kinds.map(([one, words]) => (
              <option key={one} value={one}>
                {words}
              </option>
            ))}
          </select>
          <button
            type="button"
            className="quiet"
            aria-label={`Remove header ${index + 1}`}
            onClick={() => onChange(headers.filter((header) => header.key !== key))}
          >
            Remove
          </button>
        </div>
      ))}
      <button
        type="button"
        onClick={() =>
          onChange([...headers, { key: nextKey, name: '', value: '', kind: 'plain', kept: undefined }])
        }
      >
        Add a header
      </button>
      {headers.some(({ kind }) => kind === 'signs') && (
        <p className="hint">
          A header that signs the body is sha256= and the hex of the body’s HMAC-SHA256 under its key, as in
          X-Hub-Signature-256. The standard signature comes beside it.
        </p>
      )}
      <p className="field-problem" aria-live="polite">
        {problem}
      </p>
    </fieldset>
  );
}
