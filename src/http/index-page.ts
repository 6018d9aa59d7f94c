import { declareRoute, publicRead, type Route } from '../route.ts';

const link = (href: string, text: string) => `<li><a href="${href}">${href}</a> ${text}</li>`;

/** The page at `/`, with a short introduction and links. Nothing in it is loaded from other hosts. */
function indexPage(options: { production: boolean; console: boolean }): string {
  const forPeople = options.console
    ? link('/console', 'opens the console, to see deliveries and manage endpoints in a browser')
    : '';
  const forDevelopers = options.production
    ? ''
    : [
        link('/graphql', 'opens GraphiQL in a browser, to query the API and read its documentation'),
        link('/schema.graphql', 'has the schema, for generators of typed clients'),
      ].join('\n      ');
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Heliograph</title>
    <style>
      :root { color-scheme: light dark; }
      body { font: 16px/1.6 system-ui, sans-serif; max-width: 42rem; margin: 4rem auto; padding: 0 1.5rem; }
      h1 { font-weight: 600; letter-spacing: -0.02em; }
      code, a { font-family: ui-monospace, monospace; font-size: 0.95em; }
      li { margin: 0.4rem 0; }
    </style>
  </head>
  <body>
    <h1>Heliograph</h1>
    <p>
      Heliograph is a GraphQL API for outbound webhooks. Services publish events. Each event is signed and sent to the
      endpoints that subscribed to it, and sent again until it arrives or its schedule ends. Every change of every
      delivery is in a live log without holes, which can be followed from any position.
    </p>
    <ul>
      <li><code>POST /graphql</code> takes queries and mutations. Subscriptions are served over WebSocket
        (<code>graphql-transport-ws</code>) and as server-sent events (<code>accept: text/event-stream</code>)</li>
      ${forPeople}
      ${link('/docs', 'has the guides and the schema reference')}
      ${forDevelopers}
      ${link('/healthz', 'answers while the process is alive')}
      ${link('/readyz', 'answers 200 while the process is ready for requests')}
      ${link('/metrics', 'has figures for Prometheus')}
    </ul>
    <p>Send a credential with each request: <code>authorization: Bearer &lt;token&gt;</code>.</p>
  </body>
</html>
`;
}

const policy =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const index = declareRoute({
  method: 'GET',
  path: '/',
  ...publicRead,
  description: 'A page with a short introduction and links. A browser is redirected to the console.',
  response: 'text/html; 302 to /console if `accept` names text/html and the console is served',
});

export function indexRoute(options: { production: boolean; console: boolean }): Route {
  const body = indexPage(options);
  const page = {
    status: 200,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy,
      vary: 'accept',
    },
    body,
  };
  const toConsole = {
    status: 302,
    headers: { location: '/console', vary: 'accept', 'cache-control': 'no-store' },
  };
  return index(({ headers }) =>
    options.console && headers.accept?.includes('text/html') === true ? toConsole : page,
  );
}
