import type { OwnHeader } from './endpoint-headers.ts';

const mask = '[redacted]';
/** A part of a secret that is shorter tells nothing, and would be found everywhere. */
const shortestPart = 8;
/** A recorded body is cut at 4,096 bytes, and a secret in it may be cut with it. */
const maybeCutChars = 1_000;

const none: ReadonlySet<string> = new Set();
/** The base64 of a digest: the shorter of the two kinds of signatures. */
const shortestSignature = 44;

const isSignature = (name: string) => name === 'webhook-signature' || name === 'svix-signature';

/**
 * What is recorded of a request and its answer without the secrets in them: the values of secret headers, and the
 * signatures, which are as good as a password for five minutes. A receiver that repeats what it was sent puts them into
 * its answer.
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

  /** A text of the answer, in which a secret may stand whole, or cut off at the end. */
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

  /** Longest first, as they are and as they are written in JSON and in a URL. */
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
