import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { pinnedSettings } from '../../src/db/direct-client.ts';
import { readGuides } from '../../src/docs/read-guides.ts';
import { renderMarkdown } from '../../src/docs/render-markdown.ts';
import { docsRoutes } from '../../src/docs/routes.ts';
import { environment } from '../../src/environment.ts';
import type { RouteRequest, RouteResponse } from '../../src/route.ts';
import { schema } from '../../src/schema.ts';

const routes = docsRoutes(schema);

async function get(path: string, parameters: Readonly<Record<string, string>> = {}): Promise<RouteResponse> {
  const route = routes.find((candidate) => candidate.path === path);
  if (route === undefined) throw new Error(`No route ${path}`);
  const request: RouteRequest = {
    method: 'GET',
    path,
    parameters,
    query: new URLSearchParams(),
    headers: {},
    headersDistinct: {},
    body: Buffer.alloc(0),
    requestId: 'req-1',
  };
  return await route.handle(request);
}

test('every guide is a page with its title, its navigation and a closed policy', async () => {
  for (const { name, title } of readGuides()) {
    const { status, headers, body } = await get('/docs/:guide', { guide: name });
    expect(status).toBe(200);
    expect(headers?.['content-security-policy']).toContain("default-src 'none'");
    expect(String(body)).toContain(`<title>${title.replaceAll("'", '&#39;')} · Heliograph</title>`);
    expect(String(body)).toContain(`<a href="/docs/${name}" aria-current="page">`);
  }
});

test('a name that no guide has is answered with 404 and the list', async () => {
  const { status, body } = await get('/docs/:guide', { guide: 'nothing' });
  expect(status).toBe(404);
  expect(String(body)).toContain('/docs/operate');
});

test('the schema reference has every type and every root field', async () => {
  const { body } = await get('/docs/schema');
  for (const [name] of Object.entries(schema.getTypeMap()).filter(
    ([type]) => !/^(__|String|Int|Float|Boolean|ID)/.test(type),
  ))
    expect(String(body)).toContain(`id="${name}"`);
  for (const field of Object.keys(schema.getQueryType()?.getFields() ?? {}))
    expect(String(body)).toContain(`<code>${field}</code>`);
});

test('the schema reference shows no character of Markdown outside of code', async () => {
  const { body } = await get('/docs/schema');
  const prose = String(body).replaceAll(/<code>.*?<\/code>/gs, '');
  expect(prose).not.toMatch(/`|&#96;|\*\*|\]\(/);
});

test('tags, scripts in links and pictures are text', () => {
  const html = renderMarkdown(
    '<script>alert(1)</script>\n\n[go](javascript:alert(1)) ![x](https://elsewhere.example/x.png)\n\n`<b>`',
  );
  expect(html).not.toMatch(/<script|javascript:|<img|<b>/);
});

test('links between guides lead to pages that are there', () => {
  const names = new Set(readGuides().map(({ name }) => name));
  for (const { text } of readGuides())
    for (const [, target] of text.matchAll(/\]\((?:\.\/)?([\w-]+)\.md/g)) expect(names).toContain(target);
});

test('the guide to the configuration names every setting', () => {
  const text = readFileSync(new URL('../../src/guides/configure.md', import.meta.url), 'utf8');
  for (const name of Object.keys(environment.shape)) expect(text).toContain(`| \`${name}\` |`);
});

test('the guide to pgbouncer gives it the settings that our own connections pin', () => {
  const text = readFileSync(new URL('../../src/guides/operate.md', import.meta.url), 'utf8');
  expect(text).toContain(`connect_query='${pinnedSettings.replaceAll("'", "''")}'`);
});
