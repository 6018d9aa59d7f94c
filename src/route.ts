import type { IncomingHttpHeaders } from 'node:http';

/**
 * An HTTP route beside /graphql. Rooms declare theirs; `app.ts` hands them to the server, and the inventory reads
 * what they tell.
 */
export type Route = Readonly<{
  method: 'GET' | 'POST';
  /** With parameters after a colon: `/internal/cron/:job`. */
  path: string;
  description: string;
  /** Which proofs it takes: `CRON_SECRET`, `SIGNATURE`. Empty: anybody may call it. */
  auth: readonly string[];
  handle(request: RouteRequest): Promise<RouteResponse> | RouteResponse;
}>;

export type RouteRequest = Readonly<{
  method: string;
  path: string;
  parameters: Readonly<Record<string, string>>;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  /** The body's bytes, at most 4 MiB. */
  body: Buffer;
  requestId: string;
}>;

export type RouteResponse = Readonly<{
  status: number;
  headers?: Readonly<Record<string, string>>;
  /** An object goes out as JSON. */
  body?: string | object;
}>;
