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

/** Whether the owner of an endpoint may not set this header. Upper and lower case make no difference. */
export function isForbiddenHeader(name: string): boolean {
  return FORBIDDEN_HEADERS.has(name.toLowerCase());
}
