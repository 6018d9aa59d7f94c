import { badUserInput, invalid } from '../errors.ts';

const maxKeyLength = 255;
/** Printable ASCII including the space, which is what a header can carry. */
const keyPattern = /^[\x20-\x7e]{1,255}$/;
const rule = `must be 1 to ${maxKeyLength} printable ASCII characters`;
const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** A string item of structured fields: https://www.rfc-editor.org/rfc/rfc8941#section-3.3.3 */
const quotedPattern = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;

/**
 * The key in an `Idempotency-Key` header: a quoted string (draft-ietf-httpapi-idempotency-key-header), or a UUID
 * without quotes, as most clients send it. Throws BAD_USER_INPUT for anything else.
 */
export function parseIdempotencyHeader(header: string): string {
  const bare = header.trim();
  if (uuidPattern.test(bare)) return bare;
  const key = quotedPattern.exec(bare)?.[1]?.replace(/\\(.)/g, '$1');
  if (key === undefined || !keyPattern.test(key)) {
    throw badUserInput(`The header Idempotency-Key ${rule} in double quotes, or a UUID without quotes.`, {
      header: 'idempotency-key',
    });
  }
  return key;
}

/** The key of a call, from its input or its header. Both may be given if they are equal. */
export function resolveIdempotencyKey(
  inputKey: string | null | undefined,
  headerKey: string | undefined,
): string | undefined {
  if (inputKey == null) return headerKey;
  if (!keyPattern.test(inputKey)) {
    throw invalid(['idempotencyKey'], 'INVALID_IDEMPOTENCY_KEY', `The idempotency key ${rule}.`);
  }
  if (headerKey !== undefined && headerKey !== inputKey) {
    throw badUserInput(
      'The header Idempotency-Key and the input have different keys. Give only one of them.',
      {
        header: 'idempotency-key',
      },
    );
  }
  return inputKey;
}
