/** Everything is in the page itself: scripts, styles and the workers that it makes of them. */
export const graphiqlPolicy =
  "default-src 'self'; script-src 'self' 'unsafe-inline' blob:; worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const defaultQuery = `# Put your credential into the Headers tab: { "authorization": "Bearer …" }
query Viewer {
  viewer {
    kind
    label
    permissions
  }
}
`;

let page: Promise<string> | undefined;

/** The GraphiQL page, for development. It is 9 MB: loaded when somebody asks for it. */
export function graphiqlPage(): Promise<string> {
  page ??= import('@graphql-yoga/render-graphiql').then(({ renderGraphiQL }) =>
    renderGraphiQL({
      title: 'Heliograph',
      endpoint: '/graphql',
      defaultQuery,
      headers: '{ "authorization": "Bearer " }',
      shouldPersistHeaders: true,
    }),
  );
  return page;
}
