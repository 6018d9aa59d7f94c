import type { OwnHeader } from './sealed-headers.ts';

const mask = '[redacted]';
/** A shorter part of a secret reveals nothing, and would match everywhere. */
const shortestPart = 8;
/** A recorded body is cut at 4,096 bytes, and a secret in it may be cut with it. */
const maybeCutChars = 1_000;
/** A mask may be longer than what it hides. So much of a text is kept, or as much as it had. */
const maxShownChars = 4_096;

/** The length of an HMAC in base64, the shorter of the two kinds of signatures. */
const shortestSignature = 44;

/** Neither the value of a header nor a secret can contain it. */
const lineEnd = '\n';

const isSignature = (name: string) => name === 'webhook-signature' || name === 'svix-signature';

/**
 * Removes secrets from what is recorded of a request and its answer: the values of secret headers, and the signatures,
 * which somebody else could use for five minutes. They are in an answer if the receiver repeats what it was sent.
 */
export class Redaction {
  readonly #headers: Readonly<Record<string, string>>;
  readonly #own: OwnSecrets;
  #all: readonly string[] | undefined;

  constructor(headers: Readonly<Record<string, string>>, own: readonly OwnHeader[]) {
    this.#headers = headers;
    this.#own = own.length === 0 ? none : ownSecretsOf(own);
  }

  /** The request's headers. */
  request(): { name: string; value: string }[] {
    const shown: { name: string; value: string }[] = [];
    for (const name in this.#headers)
      shown.push({ name, value: this.#isSecret(name) ? mask : (this.#headers[name] ?? '') });
    return shown;
  }

  /** The answer's headers. All values are searched as one text: there may be thousands of headers, and of secrets. */
  response(headers: readonly { name: string; value: string }[]): readonly { name: string; value: string }[] {
    const isShort = headers.every(({ value }) => value.length < shortestSignature);
    if (isShort && this.#own.spelled.length === 0) return headers;
    const text = headers.map(({ value }) => value).join(lineEnd);
    const found = partsOf(text, isShort ? this.#own.spelled : this.#secrets);
    if (found.length === 0) return headers;
    const values = masked(text, found).split(lineEnd);
    return headers.map(({ name }, index) => ({ name, value: values[index] ?? '' }));
  }

  /** A text of the answer. A secret in it may be complete, or cut off at the end. */
  text(text: string): string {
    const mayHoldSignature = text.length >= shortestSignature;
    if (!mayHoldSignature && this.#own.spelled.length === 0) return text;
    const secrets = mayHoldSignature ? this.#secrets : this.#own.spelled;
    const found = partsOf(text, secrets);
    if (text.length >= maybeCutChars) found.push(...cutPartsOf(text, secrets));
    if (found.length === 0) return text;
    return masked(text, found).slice(0, Math.max(text.length, maxShownChars));
  }

  /** With the signatures, which differ with each delivery. */
  get #secrets(): readonly string[] {
    this.#all ??= longestFirst([
      ...this.#own.spelled,
      ...Object.entries(this.#headers).flatMap(([name, value]) =>
        isSignature(name) || this.#own.signing.has(name) ? spellings(value) : [],
      ),
    ]);
    return this.#all;
  }

  #isSecret(name: string): boolean {
    return isSignature(name) || this.#own.names.has(name);
  }
}

type Part = Readonly<{ from: number; to: number }>;

/** Where secrets are in the text. */
function partsOf(text: string, secrets: readonly string[]): Part[] {
  const found: Part[] = [];
  for (const secret of secrets) {
    for (let from = text.indexOf(secret); from >= 0; from = text.indexOf(secret, from + secret.length))
      found.push({ from, to: from + secret.length });
  }
  return found;
}

/** Where the end of the text is the beginning of a secret. */
function cutPartsOf(text: string, secrets: readonly string[]): Part[] {
  return secrets.flatMap((secret) => {
    for (let length = secret.length - 1; length >= shortestPart; length -= 1) {
      if (text.endsWith(secret.slice(0, length))) return [{ from: text.length - length, to: text.length }];
    }
    return [];
  });
}

/**
 * The text with a mask in the place of these parts, which may overlap. All of them are found before one is replaced: a
 * secret can be as short as one character, and would be found again in the masks of the others. With eight such secrets
 * a text became 2,600 times as long.
 */
function masked(text: string, parts: Part[]): string {
  parts.sort((a, b) => a.from - b.from);
  let shown = '';
  let end = 0;
  for (const { from, to } of parts) {
    if (from > end || end === 0) shown += text.slice(end, from) + mask;
    end = Math.max(end, to);
  }
  return shown + text.slice(end);
}

/** What is the same in all deliveries of an endpoint. Finding it for each would take longer than signing does. */
type OwnSecrets = Readonly<{
  names: ReadonlySet<string>;
  /** The names of headers that sign the body. */
  signing: ReadonlySet<string>;
  /** The values of the others as they may be written, longest first. */
  spelled: readonly string[];
}>;

const none: OwnSecrets = { names: new Set(), signing: new Set(), spelled: [] };
const known = new WeakMap<readonly OwnHeader[], OwnSecrets>();

function ownSecretsOf(own: readonly OwnHeader[]): OwnSecrets {
  const found = known.get(own);
  if (found !== undefined) return found;
  const secret = own.filter(({ isSecret }) => isSecret);
  const made = {
    names: new Set(secret.map(({ name }) => name)),
    signing: new Set(secret.filter(({ signsBody }) => signsBody).map(({ name }) => name)),
    spelled: longestFirst(secret.flatMap(({ value, signsBody }) => (signsBody ? [] : spellings(value)))),
  };
  known.set(own, made);
  return made;
}

/** A secret and its parts, as they are and as they are written in JSON and in a URL. */
function spellings(value: string): string[] {
  if (value === '') return [];
  const parts = value.split(/[ ,]/).filter(({ length }) => length >= shortestPart);
  return [value, ...parts].flatMap((text) => [
    text,
    JSON.stringify(text).slice(1, -1),
    encodeURIComponent(text),
  ]);
}

const longestFirst = (texts: readonly string[]): readonly string[] =>
  [...new Set(texts)].sort((a, b) => b.length - a.length);
