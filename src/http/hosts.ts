import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/**
 * The host names that this server accepts. A page of another site can point its own name to our address (DNS
 * rebinding), and its requests then look as if they came from our own pages. Only the name in `Host` tells. IP
 * addresses cannot be misused in this way, and `localhost` is never looked up.
 */
export function createHosts(options: {
  host: string;
  publicUrl: string | undefined;
  allowedHosts: readonly string[];
}): (request: IncomingMessage) => boolean {
  const names = new Set(
    [options.host, ...(options.publicUrl === undefined ? [] : [new URL(options.publicUrl).hostname])]
      .concat(options.allowedHosts)
      .map((name) => name.toLowerCase()),
  );
  return ({ headers: { host } }) => {
    // HTTP/1.0 needs no `Host`, and no browser uses it.
    if (host === undefined || names.has('*')) return true;
    const name = host
      .toLowerCase()
      .replace(/:\d*$/, '')
      .replace(/^\[(.*)\]$/, '$1')
      .replace(/\.$/, '');
    return isIP(name) !== 0 || name === 'localhost' || name.endsWith('.localhost') || names.has(name);
  };
}

/**
 * The target of a request may be a whole URL. A server must accept that, and go by the URL's host instead of `Host`
 * (RFC 9112, section 3.2.2). Changes such a request to the usual form.
 */
export function readTarget(request: IncomingMessage): void {
  const [, authority, rest = ''] = /^https?:\/\/([^/?#]+)(.*)$/is.exec(request.url ?? '') ?? [];
  if (authority === undefined) return;
  request.headers.host = authority;
  request.url = rest.startsWith('/') ? rest : `/${rest}`;
}
