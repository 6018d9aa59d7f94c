import { escapeHtml } from './render-markdown.ts';

export type NavigationEntry = Readonly<{ href: string; title: string }>;

/** A page of the documentation around its content, which is HTML already. Nothing in it is loaded from other hosts. */
export function page({
  title,
  content,
  here,
  navigation,
}: Readonly<{
  title: string;
  content: string;
  here: string;
  navigation: readonly NavigationEntry[];
}>): string {
  const entries = navigation
    .map(({ href, title: name }) => {
      const current = href === here ? ' aria-current="page"' : '';
      return `<li><a href="${href}"${current}>${escapeHtml(name)}</a></li>`;
    })
    .join('\n        ');
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${escapeHtml(title)} · Heliograph</title>
    <link rel="stylesheet" href="/docs/style.css">
  </head>
  <body>
    <a class="skip" href="#content">Skip to the content</a>
    <nav aria-label="Documentation">
      <p><a href="/">Heliograph</a></p>
      <ul>
        ${entries}
      </ul>
    </nav>
    <main id="content">
${content}
    </main>
  </body>
</html>
`;
}

export const stylesheet = `:root {
  color-scheme: light dark;
  --text: light-dark(#1b1f24, #e6e8eb);
  --quiet: light-dark(#59636e, #9aa4af);
  --line: light-dark(#d8dde3, #30363d);
  --raised: light-dark(#f5f7f9, #171b21);
  --link: light-dark(#0b5cad, #7db8f7);
}
* { box-sizing: border-box; }
body {
  display: grid;
  grid-template-columns: 15rem minmax(0, 46rem);
  gap: 3rem;
  max-width: 68rem;
  margin: 0 auto;
  padding: 2.5rem 1.5rem 5rem;
  background: light-dark(#fff, #0e1116);
  color: var(--text);
  font: 16px/1.65 system-ui, sans-serif;
}
a { color: var(--link); text-underline-offset: 0.15em; }
nav { position: sticky; top: 2.5rem; align-self: start; max-height: calc(100vh - 5rem); overflow: auto; font-size: 0.94rem; }
nav p { margin: 0 0 1rem; font-weight: 600; }
nav p a { color: inherit; text-decoration: none; }
nav ul { list-style: none; margin: 0; padding: 0; }
nav li a { display: block; padding: 0.25rem 0; color: var(--quiet); text-decoration: none; }
nav li a:hover, nav li a[aria-current] { color: var(--text); }
nav li a[aria-current] { font-weight: 600; }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: 1rem; }
main { min-width: 0; }
h1 { margin: 0 0 1.5rem; font-size: 2rem; line-height: 1.2; letter-spacing: -0.02em; }
h2 { margin: 2.75rem 0 0.75rem; padding-top: 0.25rem; font-size: 1.35rem; letter-spacing: -0.01em; }
h3 { margin: 2rem 0 0.5rem; font-size: 1.08rem; }
code { font: 0.9em/1.5 ui-monospace, SFMono-Regular, Menlo, monospace; overflow-wrap: anywhere; }
:not(pre) > code { padding: 0.1em 0.3em; border-radius: 4px; background: var(--raised); }
pre { padding: 1rem; overflow: auto; border: 1px solid var(--line); border-radius: 8px; background: var(--raised); }
pre code { overflow-wrap: normal; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.94rem; }
th, td { padding: 0.5rem 0.9rem 0.5rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { color: var(--quiet); font-weight: 600; }
.type { margin-top: 2.5rem; padding-top: 1rem; border-top: 1px solid var(--line); }
.kind { color: var(--quiet); font-weight: 400; font-size: 0.85em; }
dt { margin-top: 0.9rem; font-weight: 600; }
dd { margin: 0.1rem 0 0; }
dd dl { margin: 0 0 0 1.25rem; font-size: 0.94rem; }
dd dt { font-weight: 400; margin-top: 0.4rem; }
@media (max-width: 52rem) {
  body { display: block; padding: 1.25rem 1rem 4rem; }
  nav { position: static; max-height: none; margin-bottom: 2rem; padding-bottom: 1rem; border-bottom: 1px solid var(--line); }
}
`;
