import type { OwnHeader } from './endpoint-headers.ts';

const mask = '[redacted]';
/** A shorter part of a secret reveals nothing, and would match everywhere. */
const shortestPart = 8;
/** A recorded body is cut at 4,096 bytes, and a secret in it may be cut with it. */
const maybeCutChars = 1_000;

const none: ReadonlySet<string> = new Set();
/** The length of an HMAC in base64, the shorter of the two kinds of signatures. */
const shortestSignature = 44;

const isSignature = (name: string) => name === 'webhook-signature' || name === 'svix-signature';

/**
 * Removes secrets from what is recorded of a request and its answer: the values of secret headers, and the signatures,
 * which somebody else could use for five minutes. They are in an answer if the receiver repeats what it was sent.
 */
export class Redaction {
  readonly #headers: Readonly<Record<string, string>>;
  readonly #secretNames: ReadonlySet<string>;
  #secrets: readonly string[] | undefined;

  constructor(headers: Readonly<Record<string, string>>, own: readonly OwnHeader[]) {
    this.#headers = headers;
    this.#secretNames =
      own.length === 0 ? none : new Set(own.filter(({ isSecret }) => isSecret).map(({ name }) => name));
  }

  /** The request's headers. */
  request(): { name: string; value: string }[] {
    const shown: { name: string; value: string }[] = [];
    for (const name in this.#headers)
      shown.push({ name, value: this.#isSecret(name) ? mask : (this.#headers[name] ?? '') });
    return shown;
  }

  /** The answer's headers. */
  response(headers: readonly { name: string; value: string }[]): { name: string; value: string }[] {
    return headers.map(({ name, value }) => ({ name, value: this.text(value) }));
  }

  /** A text of the answer. A secret in it may be complete, or cut off at the end. */
  text(text: string): string {
    if (text.length < shortestSignature && this.#secretNames.size === 0) return text;
    this.#secrets ??= this.#findSecrets();
    let shown = text;
    for (const secret of this.#secrets) {
      if (shown.includes(secret)) shown = shown.replaceAll(secret, mask);
    }
    return shown.length < maybeCutChars ? shown : this.#withoutCutSecret(shown);
  }

  #withoutCutSecret(text: string): string {
    for (const secret of this.#secrets ?? []) {
      for (let length = secret.length - 1; length >= shortestPart; length -= 1) {
        if (text.endsWith(secret.slice(0, length))) return text.slice(0, -length) + mask;
      }
    }
    return text;
  }

  /** The secrets as they are, and as they are written in JSON and in a URL; the longest first. */
  #findSecrets(): readonly string[] {
    const whole = Object.entries(this.#headers).flatMap(([name, value]) =>
      this.#isSecret(name) && value !== '' ? [value] : [],
    );
    const parts = whole
      .flatMap((value) => value.split(/[ ,]/))
      .filter(({ length }) => length >= shortestPart);
    const spelled = [...whole, ...parts].flatMap((text) => [
      text,
      JSON.stringify(text).slice(1, -1),
      encodeURIComponent(text),
    ]);
    return [...new Set(spelled)].sort((a, b) => b.length - a.length);
  }

  #isSecret(name: string): boolean {
    return isSignature(name) || this.#secretNames.has(name);
  }
}
