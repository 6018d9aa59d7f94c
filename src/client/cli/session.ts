import { readFile } from 'node:fs/promises';
import Table from 'cli-table3';
import pc from 'picocolors';
import { connect, type Heliograph, UsageError } from '../node.ts';

export type GlobalOptions = Readonly<{
  url?: string;
  tokenFile?: string;
  tenant?: string;
  sse?: boolean;
  json?: boolean;
}>;

/** The context of a command. */
export type Session = Readonly<{
  heliograph: Heliograph;
  url: string;
  tenant: string | undefined;
  isJson: boolean;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
  token: () => Promise<string | undefined>;
  /** Prints one object in each line with `--json`, otherwise the text. */
  print(value: unknown, text: string): void;
  /** Prints a message that is only for people, beside the output. */
  tell(text: string): void;
}>;

const defaultUrl = 'http://127.0.0.1:4000';

/** Reads the server and the credential. A token is never an argument, because other users can see arguments. */
export function openSession(
  options: GlobalOptions,
  more: { signal: AbortSignal; developmentToken?: (() => Promise<string | undefined>) | undefined },
): Session {
  const url = options.url ?? process.env.HELIOGRAPH_URL ?? defaultUrl;
  const isHere = URL.canParse(url) && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(new URL(url).hostname);
  const token = async () => {
    if (options.tokenFile !== undefined) return await readTokenFile(options.tokenFile);
    const given = process.env.HELIOGRAPH_TOKEN;
    // The development token is sent only to the server of this checkout.
    return given === undefined && isHere ? await more.developmentToken?.() : given;
  };
  const isJson = options.json === true;
  return {
    heliograph: connect({
      url,
      token,
      tenant: options.tenant,
      transport: options.sse === true ? 'sse' : 'ws',
    }),
    url,
    tenant: options.tenant,
    isJson,
    signal: more.signal,
    token,
    print: (value, text) => console.log(isJson ? JSON.stringify(value) : text),
    tell: (text) => {
      if (!isJson) console.error(pc.dim(text));
    },
  };
}

async function readTokenFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new UsageError(`The token file ${path} cannot be read: ${String(Object(error).code)}.`);
  }
}

/** Rows as columns that line up, also where characters are two columns wide. */
export function table(names: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const lines = new Table({
    head: names.map((name) => pc.bold(name)),
    chars: noLines,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
  });
  for (const row of rows) lines.push(row.map((cell) => printable(cell ?? '')));
  return lines.toString().replace(/ +$/gm, '');
}

const noLines = Object.fromEntries(
  ['top', 'bottom', 'left', 'right', 'mid', 'middle']
    .flatMap((side) => [side, `${side}-mid`, `${side}-left`, `${side}-right`])
    .map((name) => [name, '']),
);

/** Text from others must not move the cursor or change the colours of this terminal. */
export const printable = (value: unknown): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  String(value).replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd');

const colours: Readonly<Record<string, (text: string) => string>> = {
  SUCCEEDED: pc.green,
  FAILED: pc.red,
  DEAD_LETTER: pc.red,
  RETRYING: pc.yellow,
};

export const coloured = (status: string): string => colours[status]?.(status) ?? status;

/** A comma-separated list of names from a known set. */
export function listOf(text: string | undefined, known?: readonly string[]): string[] | undefined {
  if (text === undefined) return undefined;
  const names = text.split(',').map((name) => name.trim());
  const wrong = names.find((name) => name === '' || (known !== undefined && !known.includes(name)));
  if (wrong === undefined) return names;
  const right =
    known === undefined ? 'Give names with commas between them.' : `Known are ${known.join(', ')}.`;
  throw new UsageError(`"${printable(wrong)}" is not one of the names that can stand there. ${right}`);
}

/** An instant: RFC 3339, or how long ago, as `90s`, `15m`, `2h` or `7d`. */
export function instantOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const ago = /^(\d{1,9})([smhd])$/.exec(text);
  const seconds = { s: 1, m: 60, h: 3_600, d: 86_400 };
  const unit = ago?.[2];
  const time =
    ago !== null && (unit === 's' || unit === 'm' || unit === 'h' || unit === 'd')
      ? Date.now() - Number(ago[1]) * seconds[unit] * 1_000
      : Date.parse(/^\d{4}-/.test(text) ? text : '');
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) {
    throw new UsageError(`"${printable(text)}" is no time: give 2h, 15m, 7d or 2026-01-31T12:00:00Z.`);
  }
  return date.toISOString();
}
