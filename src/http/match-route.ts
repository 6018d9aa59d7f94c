import type { Route } from '../route.ts';

export type RouteMatch =
  | { kind: 'route'; route: Route; parameters: Record<string, string> }
  | { kind: 'wrong method'; allow: string }
  | { kind: 'none' };

/** Finds the route of a request. Two routes with the same method and path are a programming error. */
export function createRouter(routes: readonly Route[]): (method: string, path: string) => RouteMatch {
  const table = new Map<string, { route: Route; segments: string[] }>();
  for (const route of routes) {
    const key = `${route.method} ${route.path.replaceAll(/:[^/]+/g, ':')}`;
    if (table.has(key)) throw new Error(`There are two routes for ${route.method} ${route.path}.`);
    table.set(key, { route, segments: route.path.split('/') });
  }

  return (method, path) => {
    const asked = path.split('/');
    const found = [...table.values()].flatMap(({ route, segments }) => {
      const parameters = matchSegments(segments, asked);
      return parameters === undefined ? [] : [{ route, parameters }];
    });
    const wanted = method === 'HEAD' ? 'GET' : method;
    const match = found.find(({ route }) => route.method === wanted);
    if (match !== undefined) return { kind: 'route', ...match };
    if (found.length === 0) return { kind: 'none' };
    return { kind: 'wrong method', allow: found.map(({ route }) => route.method).join(', ') };
  };
}

function matchSegments(
  segments: readonly string[],
  asked: readonly string[],
): Record<string, string> | undefined {
  if (segments.length !== asked.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    const value = asked[index] ?? '';
    if (!segment.startsWith(':')) {
      if (segment !== value) return undefined;
    } else if (/^[\w.~-]{1,100}$/.test(value)) {
      parameters[segment.slice(1)] = value;
    } else {
      return undefined;
    }
  }
  return parameters;
}
