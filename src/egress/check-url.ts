import { isIP } from 'node:net';
import type { AddressGuard } from './address-guard.ts';
import { isForbiddenPort } from './forbidden-ports.ts';
import { isLoopbackName, LOOPBACK_ADDRESSES } from './loopback-name.ts';

export const MAX_URL_CHARS = 2048;
const MAX_HOSTNAME_CHARS = 253;
const MAX_LABEL_CHARS = 63;

/**
 * Always the same words, whatever the address is and however the URL leads there: the answer must not reveal our
 * network.
 */
export const BLOCKED_ADDRESS_MESSAGE = 'The URL leads to an address that webhooks may not be sent to.';

type UrlProblemCode = 'INVALID_URL' | 'FORBIDDEN_PORT' | 'BLOCKED_ADDRESS' | 'HTTPS_REQUIRED';

export interface UrlProblem {
  readonly code: UrlProblemCode;
  readonly message: string;
}

export interface UrlPolicy {
  readonly guard: AddressGuard;
  /** If true, plain http is allowed only to addresses on the guard's allow list. */
  readonly requireHttps: boolean;
}

/**
 * Judges a URL that somebody wants webhooks sent to, by its text alone: nothing is resolved or dialled, so a
 * URL that passes may still be refused when its name turns out to lead to a blocked address. The WHATWG
 * parser turns every spelling of a literal address (octal, hex, one number, short forms) into the usual one.
 */
export function checkUrl(url: string, policy: UrlPolicy): { url: URL } | { problem: UrlProblem } {
  if (!url.isWellFormed())
    return invalid('The URL contains an incomplete character (half of a surrogate pair).');
  if (url.length > MAX_URL_CHARS) return invalid(`The URL is longer than ${MAX_URL_CHARS} characters.`);
  // The parser silently drops tabs and newlines and reads a backslash as a slash, which nobody intends.
  if (/[\s\\\p{Cc}]/u.test(url))
    return invalid('The URL contains white space, a backslash or a control character.');
  const authority = /^https?:\/\/([^/?#]+)/i.exec(url)?.[1];
  if (authority === undefined) return invalid('The URL must start with https:// or http:// and name a host.');
  if (authority.includes('@')) return invalid('The URL must not contain a user name or password.');
  if (url.includes('#')) return invalid('The URL must not contain a fragment (#).');
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null) return invalid('The URL cannot be parsed.');
  if (!isHostname(parsed.hostname)) return invalid('The host name of the URL is not valid.');
  if (parsed.port !== '' && isForbiddenPort(Number(parsed.port))) {
    return problem(
      'FORBIDDEN_PORT',
      `Port ${parsed.port} belongs to another service; webhooks are never sent to it.`,
    );
  }

  const literals = literalAddresses(parsed.hostname);
  if (literals.length > 0 && !literals.some((address) => policy.guard.isAllowed(address))) {
    return problem('BLOCKED_ADDRESS', BLOCKED_ADDRESS_MESSAGE);
  }
  if (
    policy.requireHttps &&
    parsed.protocol === 'http:' &&
    !literals.some((address) => policy.guard.isExplicitlyAllowed(address))
  ) {
    return problem('HTTPS_REQUIRED', 'The URL must start with https://.');
  }
  return { url: parsed };
}

/** The addresses that a host stands for without a DNS query; none for an ordinary name. */
function literalAddresses(hostname: string): readonly string[] {
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  if (isIP(bare) !== 0) return [bare];
  return isLoopbackName(bare) ? LOOPBACK_ADDRESSES : [];
}

function isHostname(hostname: string): boolean {
  if (hostname.startsWith('[')) return true;
  if (hostname === '' || hostname.length > MAX_HOSTNAME_CHARS) return false;
  // An empty label means a trailing dot or two dots in a row: another spelling of a name, which rules about names would
  // miss.
  return hostname.split('.').every((label) => label.length > 0 && label.length <= MAX_LABEL_CHARS);
}

function invalid(message: string): { problem: UrlProblem } {
  return problem('INVALID_URL', message);
}

function problem(code: UrlProblemCode, message: string): { problem: UrlProblem } {
  return { problem: { code, message } };
}
