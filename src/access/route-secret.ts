import { createHash, timingSafeEqual } from 'node:crypto';
import type { RouteRequest, RouteResponse } from '../route.ts';

/** The maximum length of a secret. A longer value is refused without being read. */
const maxHeaderLength = 1_024;

/** A header's only value; undefined if it is missing, given twice or too long. */
export function singleHeader(
  { headersDistinct }: Pick<RouteRequest, 'headersDistinct'>,
  name: string,
): string | undefined {
  const values = headersDistinct[name] ?? [];
  const [value] = values;
  return values.length === 1 && value !== undefined && value.length <= maxHeaderLength ? value : undefined;
}

/**
 * Whether the value is the secret. The hashes are compared in constant time, so that the time of the answer tells
 * neither how much of a guess is right nor how long the secret is.
 */
export function isSecret(given: string | undefined, secret: string): boolean {
  const isEqual = timingSafeEqual(hashOf(given ?? ''), hashOf(secret));
  return isEqual && given !== undefined;
}

/** The token of `authorization: Bearer <token>`. */
export function bearerToken(request: Pick<RouteRequest, 'headersDistinct'>): string | undefined {
  return /^Bearer +([\x21-\x7e]+) *$/i.exec(singleHeader(request, 'authorization') ?? '')?.[1];
}

/**
 * The answer to every caller that could not be authenticated. It does not tell which check failed, because that would
 * help only attackers.
 */
export const unauthorized: RouteResponse = {
  status: 401,
  headers: { 'www-authenticate': 'Bearer', 'cache-control': 'no-store' },
  body: { error: { code: 'UNAUTHENTICATED', message: 'The caller could not be authenticated.' } },
};

export const refusal = (status: number, code: string, message: string): RouteResponse => ({
  status,
  body: { error: { code, message } },
});

const hashOf = (text: string) => createHash('sha256').update(text).digest();
