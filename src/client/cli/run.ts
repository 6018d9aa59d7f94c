import { existsSync, readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import pc from 'picocolors';
import { ForbiddenError, HeliographError, UnauthenticatedError, UsageError } from '../node.ts';
import { doctor } from './doctor.ts';
import { listen } from './listen.ts';
import { publish } from './publish.ts';
import { replay } from './replay.ts';
import { type GlobalOptions, openSession, printable, type Session } from './session.ts';
import { showDelivery, showEndpoint, showEndpoints, showEventTypes } from './show.ts';
import { tail } from './tail.ts';

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
  const program = createProgram((options, act) =>
    Promise.resolve(act(openSession(options, { signal: ending.signal, ...more }))).then((isDone) => {
      if (isDone === false) code = codes.failed;
    }),
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

type Run = (options: GlobalOptions, act: (session: Session) => unknown) => Promise<void>;

function createProgram(run: Run): Command {
  const program = new Command('heliograph')
    .description('Follows and steers the webhooks of a Heliograph server.')
    .option('--url <url>', 'the server; by default HELIOGRAPH_URL, or http://127.0.0.1:4000')
    .option('--token-file <file>', 'a file that holds the token; by default HELIOGRAPH_TOKEN')
    .option('--tenant <id>', "the tenant's external id, for a platform service")
    .option('--sse', 'read the log as server-sent events instead of over a WebSocket')
    .option('--json', 'one JSON object a line, and nothing else')
    .version(version(), '--version', 'says which version this is')
    .exitOverride()
    .configureHelp({ showGlobalOptions: true });
  const add = (name: string, description: string) =>
    program.command(name).description(description).exitOverride();
  const narrowed = (command: Command) =>
    command
      .option('--endpoint <ids>', 'only to these endpoints, with commas between them')
      .option('--type <names>', 'only of these event types');
  const session = (act: (session: Session) => unknown) => run(program.opts(), act);

  narrowed(add('tail', 'shows the live log, a line a change'))
    .option('--after <position>', 'after this position; oldest begins with the oldest that is kept')
    .option('--status <names>', 'only changes to these statuses')
    .option('--state <file>', 'keeps the position there and goes on where it stopped')
    .action((options) => session((given) => tail(given, options)));
  narrowed(add('listen', 'sends new events to a receiver on this machine, signed as an endpoint gets them'))
    .requiredOption('--forward <url>', 'the receiver')
    .option('--after <position>', 'after this position of the log')
    .option('--resend <id>', 'sends one event or delivery again, and ends')
    .action((options) => session((given) => listen(given, options)));
  add('publish <type>', 'publishes one event')
    .option('--payload <json>', 'JSON, @FILE, or - for standard input; {} by default')
    .option('--key <key>', 'the idempotency key: the same one publishes nothing twice')
    .option('--watch', 'follows its deliveries to their end; fails if one of them does')
    .action((type, options) => session((given) => publish(given, type, options)));
  narrowed(add('replay', 'sends what has failed again: counts, asks and shows how far it is'))
    .option('--status <names>', 'FAILED, DEAD_LETTER or both, which is the default')
    .option('--since <time>', 'created since: 2h, 15m, 7d or an RFC 3339 time')
    .option('--until <time>', 'created before')
    .option('--yes', 'does not ask')
    .action((options) => session((given) => replay(given, options)));
  add('endpoints', 'lists the endpoints').action(() => session(showEndpoints));
  add('endpoint <id>', 'shows one endpoint and its last deliveries').action((id) =>
    session((given) => showEndpoint(given, id)),
  );
  add('delivery <id>', 'shows one delivery and its attempts').action((id) =>
    session((given) => showDelivery(given, id)),
  );
  add('event-types', 'lists the event types').action(() => session(showEventTypes));
  add('doctor', 'looks for what is wrong between here and the server').action(() => session(doctor));
  for (const command of [program, ...program.commands]) command.showHelpAfterError(usageOf(command));
  return program;
}

function usageOf(command: Command): string {
  const name = command.parent === null ? 'heliograph' : `heliograph ${command.name()}`;
  const help = command.parent === null ? 'heliograph help' : `heliograph help ${command.name()}`;
  return `Usage: ${name} ${command.usage()}\nSee ${help}.`;
}
