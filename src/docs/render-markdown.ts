import { Marked, type Tokens } from 'marked';

/** The id of a heading on its page: its words in lower case, joined by hyphens. */
const anchorOf = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '');

export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

const linkable = /^(https?:\/\/|#|\/|\.{0,2}\/?[\w./#-]+$)/;

/**
 * Guides link to each other as files, so that the links also work where the files are read. Here they become links to
 * pages.
 */
const pageOf = (href: string): string =>
  href
    .replace(/^\.?\/?([\w-]+)\.md(#.*)?$/, '/docs/$1$2')
    .replace(/^(?:\.\.\/)+schema\/schema\.graphql$/, '/docs/schema');

const marked = new Marked({
  gfm: true,
  renderer: {
    // Raw HTML in a guide or a description is shown as text.
    html: ({ text }: Tokens.HTML | Tokens.Tag) => escapeHtml(text),
    heading({ tokens, depth, text }: Tokens.Heading) {
      const anchor = anchorOf(text);
      return `<h${depth} id="${anchor}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
    },
    link({ href, tokens }: Tokens.Link) {
      const text = this.parser.parseInline(tokens);
      return linkable.test(href) ? `<a href="${escapeHtml(pageOf(href))}">${text}</a>` : text;
    },
    // Nothing is loaded from other hosts.
    image: ({ text }: Tokens.Image) => escapeHtml(text),
    // Wide tables and long lines have their own scrollbar, which the keyboard can reach.
    code: ({ text }: Tokens.Code) => `<pre tabindex="0"><code>${escapeHtml(text)}</code></pre>\n`,
    table({ header, rows }: Tokens.Table) {
      const cells = (tag: 'th' | 'td', row: readonly Tokens.TableCell[]) =>
        `<tr>${row.map(({ tokens }) => `<${tag}>${this.parser.parseInline(tokens)}</${tag}>`).join('')}</tr>`;
      const body = rows.map((row) => cells('td', row)).join('\n');
      return `<div class="wide" tabindex="0"><table><thead>${cells('th', header)}</thead><tbody>${body}</tbody></table></div>\n`;
    },
  },
});

/** Renders Markdown as safe HTML: without raw tags, images, and links other than to pages. */
export const renderMarkdown = (text: string): string => marked.parse(text, { async: false });

/** Renders a single line without a paragraph around it. */
export const renderInline = (text: string): string => marked.parseInline(text, { async: false });
