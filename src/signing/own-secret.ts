import { decodeSigningSecret, InvalidSigningSecretError } from './secret.ts';

/** Random bytes are hardly ever so few different ones: of 24, about 23. */
const fewestDifferent = 8;

export type SecretProblem = Readonly<{ code: 'INVALID' | 'WEAK'; message: string }>;

/** What keeps a text that somebody brought along from being a signing secret. Nothing of it is repeated. */
export function ownSecretProblem(secret: string): SecretProblem | undefined {
  let key: Buffer;
  try {
    key = decodeSigningSecret(secret);
  } catch (error) {
    if (!(error instanceof InvalidSigningSecretError)) throw error;
    const message = 'A secret must be `whsec_` followed by the base64 of 24 to 64 bytes.';
    return { code: 'INVALID', message };
  }
  if (!isWeakKey(key)) return undefined;
  const message = 'The secret can be guessed. Use 24 to 64 bytes from a random number generator.';
  return { code: 'WEAK', message };
}

/** Few different bytes, a pattern that repeats, or one that counts up or down. */
export function isWeakKey(key: Buffer): boolean {
  if (new Set(key).size < fewestDifferent) return true;
  for (let period = 1; period <= key.length / 2; period += 1) {
    if (key.subarray(period).equals(key.subarray(0, key.length - period))) return true;
  }
  const step = (at: number) => ((key[at + 1] ?? 0) - (key[at] ?? 0)) & 0xff;
  return Array.from({ length: key.length - 1 }, (_, at) => step(at)).every((by) => by === step(0));
}
