import type { IncomingHttpHeaders } from 'node:http';

/**
 * An HTTP route beside /graphql. Rooms declare theirs with `declareRoute`. `app.ts` hands them to the server, which
 * adds those of `http/`, and the inventory reads the declarations.
 */
export type Route = Readonly<{
  method: 'GET' | 'POST';
  /** The path, with parameters after a colon: `/internal/cron/:job`. */
  path: string;
  description: string;
  /** The proofs that it accepts, such as `CRON_SECRET` or `SIGNATURE`. If empty, anybody may call it. */
  auth: readonly string[];
  handle(request: RouteRequest): Promise<RouteResponse> | RouteResponse;
}>;

export type RouteRequest = Readonly<{
  method: string;
  path: string;
  parameters: Readonly<Record<string, string>>;
  query: URLSearchParams;
  /** If a request has the header `authorization` twice, this shows only the first; `headersDistinct` shows both. */
  headers: IncomingHttpHeaders;
  /** All values of each header, in the order in which they came. */
  headersDistinct: Readonly<Record<string, readonly string[] | undefined>>;
  /** The body's bytes, at most 4 MiB. */
  body: Buffer;
  requestId: string;
}>;

export type RouteResponse = Readonly<{
  status: number;
  headers?: Readonly<Record<string, string>>;
  /** Bytes and text go out as they are, any other object as JSON. */
  body?: string | Uint8Array | object;
}>;

/** A route and what the inventory says about it, whether or not this process mounts it. */
export type RouteDeclaration = Omit<Route, 'handle'> &
  Readonly<{
    /** The permissions of which a caller needs at least one, in addition to the proof. */
    permissions?: readonly string[];
    request: string;
    response: string;
    /** The codes that `error.code` may have. */
    errors: readonly string[];
    records: readonly string[];
    sideEffects: readonly string[];
    idempotency: string;
  }>;

/** What is declared of a route that only shows something, to anybody. */
export const publicRead = {
  auth: [],
  request: 'nothing',
  errors: [],
  records: [],
  sideEffects: [],
  idempotency: 'It only reads.',
} satisfies Partial<RouteDeclaration>;

const declarations: RouteDeclaration[] = [];

/** Declares a route, once, when its module is loaded. Returns a function that makes the route from its handler. */
export function declareRoute(declaration: RouteDeclaration): (handle: Route['handle']) => Route {
  declarations.push(declaration);
  const { method, path, description, auth } = declaration;
  return (handle) => ({ method, path, description, auth, handle });
}

/** The declarations of all modules that have been loaded. */
export const declaredRoutes = (): readonly RouteDeclaration[] => declarations;
