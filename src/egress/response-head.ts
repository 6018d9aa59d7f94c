/**
 * Rewrites three things that undici's parser refuses although a client has to accept them:
 *
 * - Interim responses (RFC 9110, section 15.2): a client must be able to parse one or more of them before the final
 *   response, even if it asked for none. Some servers send `100 Continue` to every POST. A 101 is left as it is and
 *   becomes an error, since nobody asked for another protocol.
 * - Folded header lines (RFC 9112, section 5.2): a user agent must replace the fold by a space.
 * - A `Content-Length` that is given several times with the same value (RFC 9112, section 6.3), as some proxies leave it.
 *
 * Only the head of a response is looked at, and only if it looks like HTTP/1. Everything else goes to the parser
 * unchanged and at once. Bytes that are left out still count towards the limit on a response.
 */
export class ResponseHead {
  #head: Buffer | undefined;
  #isPassing = true;

  /** Call this before each response. */
  expect(): void {
    this.#head = undefined;
    this.#isPassing = false;
  }

  /** The bytes to hand to the parser; undefined while more bytes are needed. */
  read(bytes: Buffer): Buffer | undefined {
    if (this.#isPassing) return bytes;
    if (this.#head === undefined && isPlain(bytes)) return this.#pass(bytes);
    const whole = this.#head === undefined ? bytes : Buffer.concat([this.#head, bytes]);
    for (let from = 0; ; ) {
      const rest = whole.subarray(from);
      if (!mayBeHead(rest)) return this.#pass(rest);
      const end = endOfHead(rest.subarray(0, maxHeadBytes));
      if (end === undefined) {
        if (rest.length >= maxHeadBytes) return this.#pass(rest);
        this.#head = rest;
        return undefined;
      }
      if (!isInterim(rest)) return this.#pass(rewrite(rest, end));
      from += end;
    }
  }

  #pass(bytes: Buffer): Buffer {
    this.#isPassing = true;
    this.#head = undefined;
    return bytes;
  }
}

const [lf, cr, space, tab, comma, hyphen] = [0x0a, 0x0d, 0x20, 0x09, 0x2c, 0x2d];
/** Of letters this bit is the case. */
const lowerCase = 0x20;
const contentHyphenAt = 'content'.length;
const firstByteOf = (text: string) => text.charCodeAt(0);

/**
 * Whether these bytes hold a whole head with nothing to rewrite, as nearly all first reads do. It may say no to such a
 * head, never yes to another one.
 */
function isPlain(bytes: Buffer): boolean {
  for (let index = 0; index < beginning.length; index += 1)
    if (bytes[index] !== beginning.charCodeAt(index)) return false;
  if (bytes[statusAt] === firstByteOf('1')) return false;
  let lengths = 0;
  for (let from = 0; from < maxHeadBytes; ) {
    const end = bytes.indexOf(lf, from);
    if (end < 0) return false;
    const length = end - from - (bytes[end - 1] === cr ? 1 : 0);
    if (length === 0) return from > 0;
    const first = bytes[from] ?? 0;
    if (first === space || first === tab) return false;
    if ((first | lowerCase) === firstByteOf('c') && mayBeLength(bytes, from)) {
      lengths += 1;
      const listed = bytes.indexOf(comma, from);
      if (lengths > 1 || (listed >= 0 && listed < end)) return false;
    }
    from = end + 1;
  }
  return false;
}

/** `content-length`, `content-language` and `content-location`. */
const mayBeLength = (bytes: Buffer, at: number): boolean =>
  bytes[at + contentHyphenAt] === hyphen &&
  ((bytes[at + contentHyphenAt + 1] ?? 0) | lowerCase) === firstByteOf('l');

/** Larger heads are refused later anyway. */
const maxHeadBytes = 16_384;
const beginning = 'HTTP/1.';
const statusAt = 'HTTP/1.1 '.length;

function mayBeHead(bytes: Buffer): boolean {
  const shown = bytes.toString('latin1', 0, beginning.length);
  return beginning.startsWith(shown) || shown === beginning;
}

function isInterim(head: Buffer): boolean {
  const status = head.toString('latin1', statusAt, statusAt + 3);
  return /^1\d\d$/.test(status) && status !== '101';
}

/**
 * The offset after the empty line; undefined if that line has not come. A lone LF also ends a line (RFC 9112, section
 * 2.2).
 */
function endOfHead(bytes: Buffer): number | undefined {
  for (let at = bytes.indexOf(0x0a); at >= 0; at = bytes.indexOf(0x0a, at + 1)) {
    const next = bytes[at + 1];
    if (next === 0x0a) return at + 2;
    if (next === 0x0d && bytes[at + 2] === 0x0a) return at + 3;
  }
  return undefined;
}

function rewrite(bytes: Buffer, end: number): Buffer {
  const head = bytes.toString('latin1', 0, end);
  const rewritten = withOneLength(head.replace(fold, ' '));
  if (rewritten === head) return bytes;
  return Buffer.concat([Buffer.from(rewritten, 'latin1'), bytes.subarray(end)]);
}

const fold = /\r\n[ \t]+/g;
const lengthLine = /^content-length:([^\r\n]*)\r\n/gim;

/** Values that differ are left to the parser, which refuses them. */
function withOneLength(head: string): string {
  const lines = [...head.matchAll(lengthLine)];
  const values = lines.flatMap(([, value = '']) => value.split(',').map((one) => one.trim()));
  const [first = '', ...others] = values;
  if (others.length === 0 || !/^\d+$/.test(first) || others.some((value) => value !== first)) return head;
  let kept = `content-length: ${first}\r\n`;
  return head.replace(lengthLine, () => {
    const line = kept;
    kept = '';
    return line;
  });
}
