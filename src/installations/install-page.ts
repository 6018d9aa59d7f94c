import type { AppProfile } from './installation.ts';

/** The page has no script, no form and no images from other hosts, so the app's name can be nothing but text. */
export const installPageHeaders: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
  // The address contains the state.
  'referrer-policy': 'no-referrer',
};

/** Shows what would be installed, and how the administrator confirms it. */
export function installPage(
  profile: AppProfile,
  asked: { permissions: readonly string[]; expiresAt: Date; url: string; state: string },
): string {
  const command = [
    `curl -X POST ${asked.url} \\`,
    `  -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' \\`,
    `  -d '{"state":"${asked.state}"}'`,
  ].join('\n');
  return page(
    `Install ${profile.name}`,
    `<p>${escapeHtml(profile.name)}, by ${escapeHtml(profile.source)}, asks to be installed. Nothing has been installed yet.</p>
<h2>What it may do</h2>
${list(asked.permissions, 'Nothing but receive events.')}
<h2>Which events it receives</h2>
${list(profile.webhookCategories, 'None.')}
<h2>Confirm</h2>
<p>An administrator of your tenant (permission MANAGE_APPS) confirms with their own token, until ${asked.expiresAt.toISOString()}, once:</p>
<pre>${escapeHtml(command)}</pre>`,
  );
}

/** The page for a link that is forged, expired or used, or whose app was deleted. It does not tell which. */
export const invalidLinkPage = page(
  'This link is not valid',
  '<p>It has expired, was used already, or was never valid. Ask for a new one.</p>',
);

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${escapeHtml(title)}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}pre{white-space:pre-wrap;word-break:break-all;background:#f4f4f4;padding:1rem}</style></head>
<body><h1>${escapeHtml(title)}</h1>
${body}
</body></html>
`;
}

function list(entries: readonly string[], none: string): string {
  if (entries.length === 0) return `<p>${none}</p>`;
  return `<ul>${entries.map((entry) => `<li>${escapeHtml(entry)}</li>`).join('')}</ul>`;
}

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}
