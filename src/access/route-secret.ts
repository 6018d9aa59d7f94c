import { createHash, timingSafeEqual } from 'node:crypto';
import type { RouteRequest, RouteResponse } from '../route.ts';

/** Longer than any secret: what is longer is refused unread. */
const maxHeaderLength = 1_024;

/** A header's one value; undefined where it is missing, doubled or too long to be one of ours. */
export function singleHeader(
  { headersDistinct }: Pick<RouteRequest, 'headersDistinct'>,
  name: string,
): string | undefined {
  const values = headersDistinct[name] ?? [];
  const [value] = values;
  return values.length === 1 && value !== undefined && value.length <= maxHeaderLength ? value : undefined;
}

/**
 * Whether it is the secret. Their hashes are compared, in constant time: how long the answer takes tells neither how
 * much of a guess is right nor how long the secret is.
 */
export function isSecret(given: string | undefined, secret: string): boolean {
  const isEqual = timingSafeEqual(hashOf(given ?? ''), hashOf(secret));
  return isEqual && given !== undefined;
}

/** The token of `authorization: Bearer <token>`. */
export function bearerToken(request: Pick<RouteRequest, 'headersDistinct'>): string | undefined {
  return /^Bearer +([\x21-\x7e]+) *$/i.exec(singleHeader(request, 'authorization') ?? '')?.[1];
}

/** The one answer to whoever has not proven who they are: which check failed helps only those who guess. */
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
