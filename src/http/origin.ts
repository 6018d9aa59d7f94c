import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * Which pages of browsers may talk to us. A request without `Origin` comes from no page. Nothing is granted to origins
 * that are not listed: their scripts can neither read an answer nor send JSON.
 */
export class Origins {
  readonly #allowed: ReadonlySet<string>;

  constructor(options: { allowedOrigins: readonly string[]; publicUrl: string | undefined }) {
    const own = options.publicUrl === undefined ? [] : [new URL(options.publicUrl).origin];
    this.#allowed = new Set([...options.allowedOrigins, ...own]);
  }

  /** For the WebSocket handshake, which no browser asks permission for. */
  admits(request: IncomingMessage): boolean {
    const { origin, host } = request.headers;
    if (origin === undefined || this.#allowed.has(origin)) return true;
    return URL.canParse(origin) && new URL(origin).host === host;
  }

  /** Writes the CORS headers of an answer to a listed origin. */
  addHeaders(request: IncomingMessage, response: ServerResponse): void {
    response.appendHeader('vary', 'origin');
    const { origin } = request.headers;
    if (origin === undefined || !this.#allowed.has(origin)) return;
    // No `allow-credentials`: credentials come in a header that scripts set, never in cookies.
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('access-control-expose-headers', 'x-request-id, retry-after');
    if (request.method !== 'OPTIONS') return;
    response.setHeader('access-control-allow-methods', 'GET, POST, OPTIONS');
    response.setHeader(
      'access-control-allow-headers',
      'authorization, content-type, accept, heliograph-tenant, idempotency-key, last-event-id, x-request-id',
    );
    response.setHeader('access-control-max-age', '600');
  }
}
