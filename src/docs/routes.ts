import type { GraphQLSchema } from 'graphql';
import { declareRoute, publicRead, type Route, type RouteResponse } from '../route.ts';
import { type NavigationEntry, page, stylesheet } from './page.ts';
import { readGuides } from './read-guides.ts';
import { renderMarkdown } from './render-markdown.ts';
import { schemaReference } from './schema-reference.ts';

const policy =
  "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const contents = declareRoute({
  method: 'GET',
  path: '/docs',
  ...publicRead,
  description: 'The list of the guides.',
  response: 'text/html',
});
const reference = declareRoute({
  method: 'GET',
  path: '/docs/schema',
  ...publicRead,
  description: 'The schema reference.',
  response: 'text/html',
});
const style = declareRoute({
  method: 'GET',
  path: '/docs/style.css',
  ...publicRead,
  description: 'The stylesheet of the documentation.',
  response: 'text/css',
});
const guidePage = declareRoute({
  method: 'GET',
  path: '/docs/:guide',
  ...publicRead,
  description: 'A guide of the documentation.',
  response: 'text/html; 404 if there is no guide with this name',
});

/** The guides and the schema reference as pages. Each is rendered when it is first requested, and then kept. */
export function docsRoutes(schema: GraphQLSchema): readonly Route[] {
  const guides = new Map(readGuides().map((guide) => [guide.name, guide]));
  const navigation: NavigationEntry[] = [
    ...[...guides.values()].map(({ name, title }) => ({ href: `/docs/${name}`, title })),
    { href: '/docs/schema', title: 'Schema reference' },
  ];
  const rendered = new Map<string, string>();
  const show = (here: string, title: string, content: () => string): RouteResponse => {
    let body = rendered.get(here);
    if (body === undefined) {
      body = page({ title, content: content(), here, navigation });
      rendered.set(here, body);
    }
    return html(200, body);
  };
  const listed = () =>
    `<h1>Documentation</h1><ul>${navigation.map(({ href, title }) => `<li><a href="${href}">${title}</a></li>`).join('')}</ul>`;
  return [
    contents(() => show('/docs', 'Documentation', listed)),
    reference(() => show('/docs/schema', 'Schema reference', () => schemaReference(schema))),
    style(() => ({
      status: 200,
      headers: { 'content-type': 'text/css; charset=utf-8', 'cache-control': 'max-age=3600' },
      body: stylesheet,
    })),
    guidePage(({ parameters }) => {
      const guide = guides.get(parameters.guide ?? '');
      if (guide !== undefined) {
        return show(`/docs/${guide.name}`, guide.title, () => renderMarkdown(guide.text));
      }
      const content = `<h1>There is no such guide</h1><p>These are the guides:</p>${listed()}`;
      return html(404, page({ title: 'Not found', content, here: '', navigation }));
    }),
  ];
}

const html = (status: number, body: string): RouteResponse => ({
  status,
  headers: {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': policy,
    'referrer-policy': 'no-referrer',
  },
  body,
});
