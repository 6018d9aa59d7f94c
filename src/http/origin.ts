import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * The pages whose browsers may call us. A request without `Origin` does not come from a page. Origins that are not
 * listed are granted nothing: their scripts can neither read an answer nor send JSON.
 */
export class Origins {
  readonly #allowed: ReadonlySet<string>;

  constructor(options: { allowedOrigins: readonly string[]; publicUrl: string | undefined }) {
    const own = options.publicUrl === undefined ? [] : [new URL(options.publicUrl).origin];
    this.#allowed = new Set([...options.allowedOrigins, ...own]);
  }

  /** For the WebSocket handshake, for which browsers send no preflight request. */
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
    // There is no `allow-credentials`, because credentials are in a header that scripts set, never in cookies.
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('access-control-expose-headers', 'x-request-id, retry-after');
    if (request.method !== 'OPTIONS') return;
    response.setHeader('access-control-allow-methods', 'GET, POST, OPTIONS');
    response.setHeader(
      'access-control-allow-headers',
      'authorization, content-type, accept, heliograph-tenant, idempotency-key, last-event-id, traceparent, tracestate, x-request-id',
    );
    response.setHeader('access-control-max-age', '600');
  }
}
