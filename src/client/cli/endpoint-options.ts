import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import { type Command, Option } from 'commander';
import { UsageError } from '../node.ts';
import { listOf, printable } from './session.ts';

/**
 * The options that say how an endpoint is sent to, and the input that they make. A secret is never an argument, because
 * other users can see arguments: it is read from a file, or from standard input where the file is `-`.
 *
 * `none` takes away what an endpoint has; what is not named stays as it is.
 */
export type EndpointOptions = Readonly<{
  events?: string;
  description?: string;
  header?: readonly string[];
  secretHeader?: readonly string[];
  signingHeader?: readonly string[];
  keepHeader?: readonly string[];
  filter?: readonly string[];
  ordering?: string;
  retrySchedule?: string;
  timeout?: string;
  stopOn?: string;
  alertEmail?: string;
  headerPrefix?: string;
  traceparent?: string;
  rate?: string;
}>;

const collect = (value: string, before: readonly string[] | undefined) => [...(before ?? []), value];

/** Adds the options that `create-endpoint` and `update-endpoint` have in common. */
export function withEndpointOptions(command: Command): Command {
  return command
    .option('--description <text>', 'a note of your own')
    .option(
      '--header <name: value>',
      'a header of each attempt; may be given again; none removes all',
      collect,
    )
    .option(
      '--secret-header <name=file>',
      'the same with a secret value, from a file or - for input',
      collect,
    )
    .option(
      '--signing-header <name=file>',
      'a header with sha256=, the HMAC of the body under this key',
      collect,
    )
    .option('--filter <condition>', "such as '/data/amount GTE 100', or @FILE; all must hold; none", collect)
    .addOption(new Option('--ordering <how>', 'one after the other, or not').choices(['none', 'strict']))
    .option('--retry-schedule <seconds>', 'before each attempt, such as 0,5,60; none is the server’s')
    .option('--timeout <time>', 'for a whole attempt: 1500ms or 15s; none is the server’s')
    .option('--stop-on <statuses>', 'answers that end a delivery at once, such as 400,422; none')
    .option(
      '--alert-email <addresses>',
      'who gets a mail when it fails, if the server sends mails; with commas between them; none',
    )
    .addOption(
      new Option('--header-prefix <prefix>', 'of the signature’s headers').choices(['webhook-', 'svix-']),
    )
    .addOption(
      new Option('--traceparent <whether>', 'hand the event’s trace to the receiver').choices([
        'send',
        'none',
      ]),
    )
    .option('--rate <number>', 'at most so many deliveries a second; none is no limit');
}

/** The members of the input for what was named. */
export async function inputOf(options: EndpointOptions): Promise<Record<string, unknown>> {
  const { retrySchedule, stopOn, timeout, rate, description, events, ordering, headerPrefix } = options;
  const { traceparent } = options;
  const headers = await headersOf(options);
  const filter = await filterOf(options.filter);
  return {
    ...(events === undefined ? {} : { events: listOf(events) }),
    ...(description === undefined ? {} : { description }),
    ...(headers === undefined ? {} : { headers }),
    ...(filter === undefined ? {} : { filter }),
    ...(ordering === undefined ? {} : { ordering: ordering.toUpperCase() }),
    ...(retrySchedule === undefined ? {} : { retrySchedule: numbersOf(retrySchedule, '--retry-schedule') }),
    ...(timeout === undefined ? {} : { timeoutMs: isNone(timeout) ? null : millisecondsOf(timeout) }),
    ...(stopOn === undefined ? {} : { stopOn: numbersOf(stopOn, '--stop-on') ?? [] }),
    ...(options.alertEmail === undefined
      ? {}
      : { alertEmails: isNone(options.alertEmail) ? [] : listOf(options.alertEmail) }),
    ...(headerPrefix === undefined ? {} : { headerPrefix }),
    ...(traceparent === undefined ? {} : { sendTraceparent: traceparent === 'send' }),
    ...(rate === undefined ? {} : { maxDeliveriesPerSecond: isNone(rate) ? null : numberOf(rate, '--rate') }),
  };
}

const isNone = (text: string) => text.toLowerCase() === 'none';

function numberOf(text: string, option: string): number {
  if (/^\d{1,9}$/.test(text.trim())) return Number(text);
  throw new UsageError(`"${printable(text)}" is no whole number, which ${option} takes.`);
}

const numbersOf = (text: string, option: string) =>
  isNone(text) ? null : text.split(',').map((number) => numberOf(number, option));

function millisecondsOf(text: string): number {
  const time = /^(\d{1,6})(ms|s)$/.exec(text);
  if (time !== null) return Number(time[1]) * (time[2] === 's' ? 1_000 : 1);
  throw new UsageError(`"${printable(text)}" is no time limit: give 1500ms or 15s.`);
}

/** All headers from now on; undefined where none were named. */
async function headersOf(options: EndpointOptions) {
  const { header, secretHeader, signingHeader, keepHeader } = options;
  const named = [header, secretHeader, signingHeader, keepHeader].flatMap((list) => list ?? []);
  if (named.length === 0) return undefined;
  if (named.some(isNone)) {
    if (named.length === 1) return [];
    throw new UsageError('Where --header is none, no other header can be given.');
  }
  const headers: object[] = (header ?? []).map((text) => {
    const [, name, value] = /^([^:\s]+):[ \t]*(.*)$/s.exec(text) ?? [];
    if (name !== undefined && value !== undefined) return { name, value };
    throw new UsageError(`"${printable(text)}" is no header: give 'Name: value'.`);
  });
  for (const text of secretHeader ?? []) {
    headers.push({ ...(await fromFile(text, '--secret-header')), isSecret: true });
  }
  for (const text of signingHeader ?? []) {
    headers.push({ ...(await fromFile(text, '--signing-header')), signsBody: true });
  }
  for (const text of keepHeader ?? []) headers.push(keptHeader(text));
  return headers;
}

/** A secret value stays as it is stored; for a key, `name=key`. */
function keptHeader(text: string): object {
  const [, name, key] = /^([^=\s]+)(=key)?$/.exec(text) ?? [];
  if (name === undefined) {
    throw new UsageError(
      `"${printable(text)}" is no name: give Name, or Name=key for one that signs the body.`,
    );
  }
  return { name, value: null, ...(key === undefined ? { isSecret: true } : { signsBody: true }) };
}

async function fromFile(text: string, option: string): Promise<{ name: string; value: string }> {
  const [, name, path] = /^([^=\s]+)=(.+)$/s.exec(text) ?? [];
  if (name !== undefined && path !== undefined) return { name, value: await readSecret(path) };
  throw new UsageError(`${option} takes a name and a file: Name=FILE, or Name=- for standard input.`);
}

let isInputRead = false;

/** A secret without the line break at its end. Standard input can be read once. */
export async function readSecret(path: string): Promise<string> {
  const text = (path === '-' ? await fromInput() : await readText(path)).replace(/\r?\n$/, '');
  if (text !== '') return text;
  throw new UsageError(`${path === '-' ? 'Standard input' : path} has no secret in it.`);
}

async function fromInput(): Promise<string> {
  if (isInputRead) throw new UsageError('Only one option can read standard input.');
  isInputRead = true;
  return await readAll(process.stdin);
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new UsageError(`The file ${printable(path)} cannot be read: ${String(Object(error).code)}.`);
  }
}

const unary = 'EXISTS';

/** The conditions; undefined where none were named. `@FILE` holds a JSON list of them, as the API takes it. */
export async function filterOf(given: readonly string[] | undefined): Promise<unknown[] | undefined> {
  if (given === undefined) return undefined;
  if (given.some(isNone)) {
    if (given.length === 1) return [];
    throw new UsageError('Where --filter is none, no other condition can be given.');
  }
  const conditions: unknown[] = [];
  for (const text of given) {
    if (text.startsWith('@')) conditions.push(...(await conditionsIn(text.slice(1))));
    else conditions.push(conditionOf(text));
  }
  return conditions;
}

async function conditionsIn(path: string): Promise<unknown[]> {
  const text = await readText(path);
  try {
    const list: unknown = JSON.parse(text);
    if (Array.isArray(list)) return list;
  } catch {
    // Said below.
  }
  throw new UsageError(`${printable(path)} does not hold a JSON list of conditions.`);
}

/** The value is JSON; anything else is taken as a text. */
function conditionOf(text: string): object {
  const [, path, operator, value = ''] = /^(\/\S*)\s+([A-Za-z_]+)(?:\s+(.*))?$/s.exec(text.trim()) ?? [];
  const op = operator?.toUpperCase();
  if (path === undefined || op === undefined || (op === unary) !== (value === '')) {
    throw new UsageError(
      `"${printable(text)}" is no condition: give a pointer, an operator and a value, such as '/data/amount GTE 100', or '/data/amount EXISTS'.`,
    );
  }
  if (op === unary) return { path, op };
  try {
    return { path, op, value: JSON.parse(value) };
  } catch {
    if (!/^[[{"]/.test(value)) return { path, op, value };
    throw new UsageError(`"${printable(value)}" begins as JSON does, but is not JSON.`);
  }
}
