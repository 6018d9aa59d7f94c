import { existsSync, readFileSync } from 'node:fs';
import { CommanderError } from 'commander';
import pc from 'picocolors';
import { ForbiddenError, HeliographError, UnauthenticatedError, UsageError } from '../node.ts';
import { createProgram, usageOf } from './program.ts';
import { openSession, printable } from './session.ts';

const codes = { done: 0, failed: 1, wrongUsage: 2, notAllowed: 3 };

/** The command line: runs what the arguments say and returns the exit code. It never prints a stack trace. */
export async function run(
  argv: readonly string[],
  more: { developmentToken?: () => Promise<string | undefined> } = {},
): Promise<number> {
  const ending = new AbortController();
  const stop = () => ending.abort();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  // The reader of our output may stop reading.
  process.stdout.on('error', () => process.exit(codes.done));
  let code = codes.done;
  const program = createProgram(
    (options, act) =>
      Promise.resolve(act(openSession(options, { signal: ending.signal, ...more }))).then((isDone) => {
        if (isDone === false) code = codes.failed;
      }),
    version(),
  );
  let usage = usageOf(program);
  program.hook('preAction', (_program, command) => {
    usage = usageOf(command);
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    return report(error, usage);
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}

function report(error: unknown, usage: string): number {
  // Commander has printed the error already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? codes.done : codes.wrongUsage;
  const message = error instanceof Error ? error.message : String(error);
  console.error(`${pc.red('heliograph:')} ${printable(message)}`);
  if (error instanceof UsageError) {
    console.error(usage);
    return codes.wrongUsage;
  }
  const isRefusal = error instanceof UnauthenticatedError || error instanceof ForbiddenError;
  if (error instanceof UnauthenticatedError) {
    console.error('Set HELIOGRAPH_TOKEN, or name a file that holds a token with --token-file.');
  }
  if (!(error instanceof HeliographError))
    console.error('If this seems wrong, heliograph doctor may tell more.');
  return isRefusal ? codes.notAllowed : codes.failed;
}

/** The manifest stands one folder higher in the package than in the sources. */
function version(): string {
  const here = new URL('../package.json', import.meta.url);
  const path = existsSync(here) ? here : new URL('../../package.json', import.meta.url);
  return String(Object(JSON.parse(readFileSync(path, 'utf8'))).version);
}
