import type { OwnHeader } from './sealed-headers.ts';

const mask = '[redacted]';
/** A shorter part of a secret reveals nothing, and would match everywhere. */
const shortestPart = 8;
/** A recorded body is cut at 4,096 bytes, and a secret in it may be cut with it. */
const maybeCutChars = 1_000;

/** The length of an HMAC in base64, the shorter of the two kinds of signatures. */
const shortestSignature = 44;

const isShort = ({ value }: { value: string }) => value.length < shortestSignature;

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

  /** The answer's headers. */
  response(headers: readonly { name: string; value: string }[]): readonly { name: string; value: string }[] {
    const isHarmless = this.#own.spelled.length === 0 && headers.every(isShort);
    return isHarmless ? headers : headers.map(({ name, value }) => ({ name, value: this.text(value) }));
  }

  /** A text of the answer. A secret in it may be complete, or cut off at the end. */
  text(text: string): string {
    const mayHoldSignature = text.length >= shortestSignature;
    if (!mayHoldSignature && this.#own.spelled.length === 0) return text;
    let shown = text;
    for (const secret of mayHoldSignature ? this.#secrets : this.#own.spelled) {
      if (shown.includes(secret)) shown = shown.replaceAll(secret, mask);
    }
    return shown.length < maybeCutChars ? shown : this.#withoutCutSecret(shown);
  }

  #withoutCutSecret(text: string): string {
    for (const secret of this.#secrets) {
      for (let length = secret.length - 1; length >= shortestPart; length -= 1) {
        if (text.endsWith(secret.slice(0, length))) return text.slice(0, -length) + mask;
      }
    }
    return text;
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
