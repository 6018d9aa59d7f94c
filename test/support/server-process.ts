import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { throughPooler } from './pooler.ts';

/**
 * The program as an operator runs it: a separate process, observed only through what it prints, its port and what it
 * sends.
 */
export type ServerProcess = Readonly<{
  pid: number;
  /** The address on which it listens, from its `ready` line. */
  origin: string;
  /** Every line of its log so far. */
  log: readonly LogLine[];
  /** Everything that it has printed. */
  output(): string;
  /** Resolves once it has printed something that matches. */
  untilPrinted(pattern: RegExp): Promise<void>;
  /** Resolves with the first line of the log with this message, past or future. */
  untilLogged(message: string): Promise<LogLine>;
  /** Sends SIGTERM unless it has ended already. Resolves with the exit code once it has ended. */
  stop(): Promise<number | null>;
  /** Sends SIGKILL. When it resolves, no more of its code runs. */
  kill(): Promise<void>;
}>;

type LogLine = Readonly<{ level: string; msg: string } & Record<string, unknown>>;

/** How a failed start ended. */
export type FailedStart = Readonly<{ code: number | null; output: string }>;

const root = fileURLToPath(new URL('../..', import.meta.url));
const readyWithinMs = 60_000;
const stopWithinMs = 15_000;
const started = new Set<ChildProcess>();

// The last resort if a test file itself is interrupted. Usually `stopServers` ends them.
process.once('exit', () => {
  for (const child of started) child.kill('SIGKILL');
});

/** Ends every server that this test file has started and that still runs. Resolves with their exit codes. */
export function stopServers(): Promise<(number | null)[]> {
  return Promise.all([...started].map((child) => end(child, 'SIGTERM')));
}

/**
 * Starts the program with only this environment, from the folder of another release if one is given. Resolves once it is
 * ready.
 */
export async function startServer(
  environment: Readonly<Record<string, string>>,
  release = root,
): Promise<ServerProcess> {
  const { child, output, onOutput } = launch(await throughPooler(environment), release);
  const gone = once(child, 'exit');
  const log: LogLine[] = [];
  let read = 0;
  onOutput(() => {
    const whole = output().lastIndexOf('\n') + 1;
    for (const line of output().slice(read, whole).split('\n')) log.push(...parseLine(line));
    read = whole;
  });

  const until = <Value>(what: string, find: () => Value | undefined) =>
    new Promise<Value>((resolve, reject) => {
      const look = () => {
        const found = find();
        if (found !== undefined) resolve(found);
      };
      onOutput(look);
      look();
      void gone.then(() => reject(new Error(`The server ended before ${what}:\n${output()}`)));
    });
  const untilLogged = (message: string) =>
    until(`it logged "${message}"`, () => log.find(({ msg }) => msg === message));

  const timer = setTimeout(() => child.kill('SIGKILL'), readyWithinMs);
  const ready = await untilLogged('ready').finally(() => clearTimeout(timer));
  return {
    pid: child.pid ?? 0,
    origin: String(ready.origin),
    log,
    output,
    async untilPrinted(pattern) {
      await until(`it printed ${pattern}`, () => (pattern.test(output()) ? true : undefined));
    },
    untilLogged,
    stop: () => end(child, 'SIGTERM'),
    async kill() {
      await end(child, 'SIGKILL');
    },
  };
}

/** Starts the program without waiting for it. */
export function launchServer(
  environment: Readonly<Record<string, string>>,
): Pick<ServerProcess, 'output' | 'stop' | 'kill'> {
  const { child, output } = launch(environment);
  return {
    output,
    stop: () => end(child, 'SIGTERM'),
    async kill() {
      await end(child, 'SIGKILL');
    },
  };
}

/** Starts the program when a refusal is expected. Resolves once it has ended. */
export async function failToStart(environment: Readonly<Record<string, string>>): Promise<FailedStart> {
  const { child, output } = launch(environment);
  const timer = setTimeout(() => child.kill('SIGKILL'), readyWithinMs);
  const [code]: (number | null)[] = await once(child, 'close');
  clearTimeout(timer);
  return { code: code ?? null, output: output() };
}

/** What `npm start` gives to Node in this release. */
function startOf(release: string): string[] {
  const { scripts } = JSON.parse(readFileSync(join(release, 'package.json'), 'utf8'));
  const [, ...words] = String(scripts.start).split(' ');
  return words;
}

function launch(environment: Readonly<Record<string, string>>, release = root) {
  const child = spawn(process.execPath, startOf(release), {
    cwd: release,
    // The program must not inherit the runner's own variables (NODE_ENV, DATABASE_URL).
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.add(child);
  child.once('exit', () => started.delete(child));
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      printed += chunk;
    });
  }
  return {
    child,
    output: () => printed,
    /** Called after each piece of output, once it can be read. */
    onOutput(listener: () => void) {
      child.stdout.on('data', listener);
      child.stderr.on('data', listener);
    },
  };
}

async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const gone = once(child, 'exit');
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), stopWithinMs);
  await gone;
  clearTimeout(timer);
  return child.exitCode;
}

/** The line of the log as an object; nothing for a line that is meant for people. */
function parseLine(line: string): LogLine[] {
  if (!line.startsWith('{')) return [];
  const value: unknown = JSON.parse(line);
  return typeof value === 'object' && value !== null && 'msg' in value && 'level' in value
    ? [{ ...value, level: String(value.level), msg: String(value.msg) }]
    : [];
}
