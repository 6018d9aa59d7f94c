import { isForbiddenHeader } from '../egress/forbidden-headers.ts';
import { ValidationError, type ValidationIssue } from '../errors.ts';
import type { StoredHeader } from '../tables.ts';
import type { HeaderPlace, OwnHeader } from './sealed-headers.ts';
import type { SigningSecrets } from './signing-secrets.ts';

/** A header as its owner gives it. Null keeps the secret value that is stored under the name. */
export type HeaderValue = Readonly<{
  name: string;
  value: string | null;
  isSecret: boolean;
  /** The value is a key. A signature of the body with this key is sent in its place. */
  signsBody?: boolean | undefined;
}>;

export const maxHeaders = 20;
/** The limit for all names and values together. */
export const maxHeaderBytes = 8_192;
const maxNameChars = 256;
const maxKeptChars = 2_000;

/** Names with these prefixes are set by this service. */
const reservedPrefixes = ['content-', 'webhook-', 'svix-', 'proxy-', 'sec-'] as const;
const reservedNames: ReadonlySet<string> = new Set([
  ...['user-agent', 'date', 'via', 'forwarded', 'cookie2'],
  ...['traceparent', 'tracestate'],
]);

/** Used in descriptions and errors. */
export const reservedHeaders =
  '`host`, `connection`, `keep-alive`, `te`, `trailer`, `transfer-encoding`, `upgrade`, `http2-settings`, `expect`, `accept-encoding`, `user-agent`, `date`, `via`, `forwarded`, `cookie2`, `traceparent`, `tracestate`, and names that begin with `content-`, `webhook-`, `svix-`, `proxy-` or `sec-`';

/** A token of RFC 9110, section 5.6.2. */
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** Visible ASCII with spaces and tabs in between. So no value can end the line. */
const fieldValue = /^[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?$/;

const isReserved = (name: string) => {
  const lower = name.toLowerCase();
  return (
    isForbiddenHeader(lower) ||
    reservedNames.has(lower) ||
    reservedPrefixes.some((prefix) => lower.startsWith(prefix))
  );
};

/** The problems of a list of headers, each with its path. */
export function headerIssues(headers: readonly HeaderValue[]): ValidationIssue[] {
  if (headers.length > maxHeaders) {
    return [{ path: ['headers'], code: 'TOO_MANY', message: `At most ${maxHeaders} headers are allowed.` }];
  }
  const seen = new Set<string>();
  const issues = headers.flatMap(({ name, value }, index): ValidationIssue[] => {
    const problem = nameProblem(name, seen);
    seen.add(name.toLowerCase());
    return [
      ...(problem === undefined ? [] : [{ path: ['headers', index, 'name'], ...problem }]),
      ...(value === null || fieldValue.test(value) ? [] : [badValue(index)]),
    ];
  });
  const bytes = headers.reduce((sum, { name, value }) => sum + name.length + (value?.length ?? 0), 0);
  if (bytes > maxHeaderBytes) {
    const message = `All names and values together can have at most ${maxHeaderBytes.toLocaleString('en')} bytes.`;
    issues.push({ path: ['headers'], code: 'TOO_LONG', message });
  }
  return issues;
}

function nameProblem(
  name: string,
  seen: ReadonlySet<string>,
): Pick<ValidationIssue, 'code' | 'message'> | undefined {
  if (name.length > maxNameChars) {
    return { code: 'TOO_LONG', message: `A header's name can have at most ${maxNameChars} characters.` };
  }
  if (!token.test(name)) {
    const message = "A header's name can have only letters, digits and !#$%&'*+-.^_`|~.";
    return { code: 'INVALID_CHARACTER', message };
  }
  if (isReserved(name)) {
    return {
      code: 'RESERVED',
      message: `This header cannot be set. These names are reserved: ${reservedHeaders}.`,
    };
  }
  return seen.has(name.toLowerCase())
    ? { code: 'DUPLICATE', message: 'Another header has this name already.' }
    : undefined;
}

const badValue = (index: number): ValidationIssue => ({
  path: ['headers', index, 'value'],
  code: 'INVALID_CHARACTER',
  message:
    'A value must have 1 or more printable ASCII characters. Spaces and tabs may stand between them, but not at the ends; line breaks and U+0000 are not allowed.',
});

type Place = Omit<HeaderPlace, 'name'>;

/**
 * Returns the stored form of the headers that an owner gave. A null value keeps the secret that is stored under the
 * name, and so does a secret that is given again. Throws a ValidationError if there is nothing to keep.
 */
export function storeHeaders(
  secrets: SigningSecrets,
  place: Place,
  { given, before }: { given: readonly HeaderValue[]; before: readonly StoredHeader[] },
): readonly StoredHeader[] {
  const old = new Map(before.map((header) => [header.name.toLowerCase(), header]));
  const issues: ValidationIssue[] = [];
  const stored = given.flatMap(({ name, value, isSecret, signsBody = false }, index): StoredHeader[] => {
    const known = old.get(name.toLowerCase());
    const isKept = known !== undefined && 'sealed' in known && (known.signsBody === true) === signsBody;
    const sealed = isKept ? known.sealed : undefined;
    const kind = signsBody ? ({ signsBody } as const) : {};
    if (value === null) {
      if (sealed !== undefined) return [{ name, sealed, ...kind }];
      const message = 'Null keeps a stored secret value, but there is none under this name. Give a value.';
      issues.push({ path: ['headers', index, 'value'], code: 'REQUIRED', message });
      return [];
    }
    if (!isSecret && !signsBody) return [{ name, value }];
    const header = { ...place, name };
    if (sealed !== undefined && opensTo(secrets, header, { sealed, value }))
      return [{ name, sealed, ...kind }];
    return [{ name, sealed: secrets.sealHeader(header, value), ...kind }];
  });
  if (issues.length > 0) throw new ValidationError(issues);
  return stored;
}

function opensTo(
  secrets: SigningSecrets,
  place: HeaderPlace,
  { sealed, value }: { sealed: string; value: string },
): boolean {
  try {
    return secrets.openHeader(place, sealed) === value;
  } catch {
    // The key of the stored value has left the ring, so the given value replaces it.
    return false;
  }
}

/** The headers to send, with every value in plain text. Throws if a sealed value cannot be opened. */
export function openHeaders(
  secrets: SigningSecrets,
  place: Place,
  headers: readonly StoredHeader[] | undefined,
): readonly OwnHeader[] {
  if (headers === undefined) return [];
  let key = `${place.ownerId}/${place.endpointId}`;
  for (const header of headers) {
    key +=
      'sealed' in header
        ? `\n${header.name}\n${header.sealed}${header.signsBody === true ? '\n' : ''}`
        : `\n${header.name}: ${header.value}`;
  }
  // Long ones are not kept, so that ten thousand endpoints cannot take all memory.
  if (key.length > maxKeptChars) return openAll(secrets, place, headers);
  return secrets.openHeaderList(key, () => openAll(secrets, place, headers));
}

function openAll(
  secrets: SigningSecrets,
  place: Place,
  headers: readonly StoredHeader[],
): readonly OwnHeader[] {
  return headers.map((header) =>
    'sealed' in header
      ? {
          name: header.name,
          value: secrets.openHeader({ ...place, name: header.name }, header.sealed),
          isSecret: true,
          signsBody: header.signsBody === true,
        }
      : { ...header, isSecret: false, signsBody: false },
  );
}

/** The form for the audit log, in which a secret value is replaced by a mark. */
export const shownHeaders = (headers: readonly StoredHeader[]) =>
  headers.map((header) => ({
    name: header.name,
    value: 'sealed' in header ? '[secret]' : header.value,
    ...('sealed' in header && header.signsBody === true ? { signsBody: true } : {}),
  }));
