/**
 * Headers that belong to the connection and not to the message (RFC 9110, section 7.6.1), or that say where and
 * how the message goes. A custom `host` would also change the name that TLS asks for.
 */
const FORBIDDEN_HEADERS: ReadonlySet<string> = new Set([
  'accept-encoding',
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Whether a header may not be set by the owner of an endpoint, in any spelling of its case. */
export function isForbiddenHeader(name: string): boolean {
  return FORBIDDEN_HEADERS.has(name.toLowerCase());
}
