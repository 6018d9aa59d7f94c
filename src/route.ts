import type { IncomingHttpHeaders } from 'node:http';

/**
 * An HTTP route beside /graphql. Rooms declare theirs with `declareRoute`; `app.ts` hands them to the server, and the
 * inventory reads what they tell.
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
  /** Of a doubled `authorization` these show the first alone: `headersDistinct` shows all. */
  headers: IncomingHttpHeaders;
  /** Every value of each header, in the order in which they came. */
  headersDistinct: Readonly<Record<string, readonly string[] | undefined>>;
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

/** What a route is and what the inventory tells of it, whether or not it is mounted in this process. */
export type RouteDeclaration = Omit<Route, 'handle'> &
  Readonly<{
    /** Any of these lets the caller in, beside the proof. */
    permissions?: readonly string[];
    request: string;
    response: string;
    /** Codes in `error.code`. */
    errors: readonly string[];
    records: readonly string[];
    sideEffects: readonly string[];
    idempotency: string;
  }>;

const declarations: RouteDeclaration[] = [];

/** Declares a route, once, where its module is loaded. What it returns makes the route of a handler. */
export function declareRoute(declaration: RouteDeclaration): (handle: Route['handle']) => Route {
  declarations.push(declaration);
  const { method, path, description, auth } = declaration;
  return (handle) => ({ method, path, description, auth, handle });
}

/** Those of all modules that have been loaded. */
export const declaredRoutes = (): readonly RouteDeclaration[] => declarations;
