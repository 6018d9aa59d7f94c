import type { RouteResponse } from '../route.ts';
import type { ConsoleBundle } from './build-console.ts';

export type PageConfig = Readonly<{
  consoleFrameAncestors: readonly string[];
  consoleSignIn: Readonly<{ issuer: string; clientId: string; scope: string }> | undefined;
}>;

/** The path of the console's files. */
const files = '/console/assets';

/**
 * The page of every view; the browser renders the views, and loads the files of the view of this `name` at once. The `meta` with an id keeps react-aria from adding a style
 * element, which the content security policy would refuse. Our stylesheet contains the rule.
 */
export function consolePage(bundle: ConsoleBundle, view: string, config: PageConfig): RouteResponse {
  const { script, style } = bundle;
  const preloads = [
    ...bundle.preloads,
    ...(Object.hasOwn(bundle.views, view) ? (bundle.views[view] ?? []) : []),
  ];
  const body = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta id="react-aria-pressable-style">
    ${signInOf(config)}
    <title>Heliograph</title>
    <link rel="icon" href="data:,">
    ${style === undefined ? '' : `<link rel="stylesheet" href="${files}/${style}">`}
    ${preloads.map((name) => `<link rel="modulepreload" href="${files}/${name}">`).join('\n    ')}
    <script type="module" src="${files}/${script}"></script>
  </head>
  <body>
    <div id="console"></div>
    <noscript>The console needs JavaScript.</noscript>
  </body>
</html>
`;
  return {
    status: 200,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      'content-security-policy': consolePolicy(config),
      'referrer-policy': 'no-referrer',
      'permissions-policy': permissionsPolicy,
      'cross-origin-opener-policy': 'same-origin',
    },
    body,
  };
}

/** What single sign-on needs to know. None of it is a secret. */
function signInOf({ consoleSignIn }: PageConfig): string {
  if (consoleSignIn === undefined) return '';
  const text = JSON.stringify(consoleSignIn)
    .replaceAll('&', '&amp;')
    .replaceAll('"', '&quot;')
    .replaceAll('<', '&lt;');
  return `<meta name="heliograph-sign-in" content="${text}">`;
}

const permissionsPolicy = [
  'accelerometer=()',
  'camera=()',
  'display-capture=()',
  'geolocation=()',
  'gyroscope=()',
  'magnetometer=()',
  'microphone=()',
  'midi=()',
  'payment=()',
  'usb=()',
  'clipboard-read=()',
  'clipboard-write=(self)',
].join(', ');

function consolePolicy(config: PageConfig): string {
  const ancestors =
    config.consoleFrameAncestors.length > 0 ? config.consoleFrameAncestors.join(' ') : "'none'";
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    config.consoleSignIn === undefined
      ? "connect-src 'self'"
      : `connect-src 'self' ${new URL(config.consoleSignIn.issuer).origin}`,
    `frame-ancestors ${ancestors}`,
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ');
}
