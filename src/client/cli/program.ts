import { Command, Option } from 'commander';
import { cancel, cancelOne } from './cancel.ts';
import {
  createEndpoint,
  deleteEndpoint,
  pauseEndpoint,
  resumeEndpoint,
  rotateSecret,
  updateEndpoint,
  verifyEndpoint,
} from './change-endpoint.ts';
import { showDeliveries } from './deliveries.ts';
import { doctor } from './doctor.ts';
import { withEndpointOptions } from './endpoint-options.ts';
import { listen } from './listen.ts';
import { previewFilter } from './preview-filter.ts';
import { publish } from './publish.ts';
import { recover } from './recover.ts';
import { replay } from './replay.ts';
import type { GlobalOptions, Session } from './session.ts';
import { showDelivery, showEndpoint, showEndpoints, showEventTypes } from './show.ts';
import { tail } from './tail.ts';
import { replayOne, testEndpoint } from './test-endpoint.ts';

export type Run = (options: GlobalOptions, act: (session: Session) => unknown) => Promise<void>;

/** All commands with their options. */
export function createProgram(run: Run, version: string): Command {
  const program = new Command('heliograph')
    .description('Follows and steers the webhooks of a Heliograph server.')
    .option('--url <url>', 'the server; by default HELIOGRAPH_URL, or http://127.0.0.1:4000')
    .option('--token-file <file>', 'a file that holds the token; by default HELIOGRAPH_TOKEN')
    .option('--tenant <id>', "the tenant's external id, for a platform service")
    .option('--sse', 'read the log as server-sent events instead of over a WebSocket')
    .option('--json', 'one JSON object a line, and nothing else')
    .version(version, '--version', 'says which version this is')
    .exitOverride()
    .configureHelp({ showGlobalOptions: true });
  const add = (name: string, description: string) =>
    program.command(name).description(description).exitOverride();
  const session = (act: (session: Session) => unknown) => run(program.opts(), act);

  addLogCommands(add, session);
  addDeliveryCommands(add, session);
  addEndpointCommands(add, session);
  add('event-types', 'lists the event types').action(() => session(showEventTypes));
  add('doctor', 'looks for what is wrong between here and the server').action(() => session(doctor));
  for (const command of [program, ...program.commands]) command.showHelpAfterError(usageOf(command));
  return program;
}

export function usageOf(command: Command): string {
  const name = command.parent === null ? 'heliograph' : `heliograph ${command.name()}`;
  const help = command.parent === null ? 'heliograph help' : `heliograph help ${command.name()}`;
  return `Usage: ${name} ${command.usage()}\nSee ${help}.`;
}

type Add = (name: string, description: string) => Command;
type Begin = (act: (session: Session) => unknown) => Promise<void>;

const narrowed = (command: Command) =>
  command
    .option('--endpoint <ids>', 'only to these endpoints, with commas between them')
    .option('--type <names>', 'only of these event types');

const searched = (command: Command) =>
  narrowed(command)
    .option('--since <time>', 'created since: 2h, 15m, 7d or an RFC 3339 time')
    .option('--until <time>', 'created before')
    .option('--answered <statuses>', 'an attempt was answered with one of these, such as 503,422')
    .option('--error <text>', 'the error of an attempt contains this text');

const key = '--key <key>';
const keyMeaning = 'the idempotency key: the same one does nothing twice';
const payload = 'JSON, @FILE, or - for standard input';

function addLogCommands(add: Add, session: Begin): void {
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
    .option('--payload <json>', `${payload}; {} by default`)
    .option(key, 'the idempotency key: the same one publishes nothing twice')
    .option('--watch', 'follows its deliveries to their end; fails if one of them does')
    .action((type, options) => session((given) => publish(given, type, options)));
}

function addDeliveryCommands(add: Add, session: Begin): void {
  searched(add('deliveries', 'lists the newest deliveries that match'))
    .option('--status <names>', 'only with these statuses')
    .option('--limit <number>', 'how many, by default 20')
    .action((options) => session((given) => showDeliveries(given, options)));
  add('delivery <id>', 'shows one delivery and its attempts').action((id) =>
    session((given) => showDelivery(given, id)),
  );
  searched(
    add(
      'replay [id]',
      'sends again what has failed: one delivery, or all that match, which it counts first and asks',
    ),
  )
    .option('--status <names>', 'FAILED, DEAD_LETTER or both, which is the default')
    .option('--yes', 'does not ask')
    .option('--force', 'with an id: also if it has succeeded')
    .option('--watch', 'with an id: follows it to its end; fails if it does')
    .option(key, `with an id: ${keyMeaning}`)
    .action((id, options) =>
      session((given) => (id === undefined ? replay(given, options) : replayOne(given, id, options))),
    );
  searched(
    add(
      'cancel [id]',
      'cancels what still waits, so that it is not sent: one delivery, or all that match, after counting and asking',
    ),
  )
    .option('--status <names>', 'PENDING, RETRYING, DELIVERING; by default the first two')
    .option('--yes', 'does not ask')
    .action((id, options) =>
      session((given) => (id === undefined ? cancel(given, options) : cancelOne(given, id, options))),
    );
}

function addEndpointCommands(add: Add, session: Begin): void {
  add('endpoints', 'lists the endpoints')
    .option('--failing-first', 'in the order of how much they fail')
    .action((options) => session((given) => showEndpoints(given, options)));
  add('endpoint <id>', 'shows one endpoint and its last deliveries').action((id) =>
    session((given) => showEndpoint(given, id)),
  );
  withEndpointOptions(
    add('create-endpoint <address>', 'creates an endpoint and prints its secret')
      .requiredOption('--events <names>', 'event types, comment.* for a category, * for all')
      .addOption(
        new Option('--signature <scheme>', 'by default hmac-sha256').choices(['hmac-sha256', 'ed25519']),
      )
      .option('--secret-file <file>', 'your own secret, from a file or - for standard input')
      .option('--inactive', 'sends nothing yet')
      .option(key, keyMeaning),
  ).action((url, options) => session((given) => createEndpoint(given, url, options)));
  withEndpointOptions(
    add('update-endpoint <id>', 'changes what is named; everything else stays as it is')
      .option('--address <url>', 'a new URL, which has to be verified again')
      .option('--events <names>', 'all event types from now on')
      .option(
        '--keep-header <name>',
        'beside new headers: keeps a secret header; Name=key keeps a signing one',
        (value: string, before?: readonly string[]) => [...(before ?? []), value],
      )
      .option('--active', 'activates it')
      .option('--inactive', 'sends nothing; what it misses is recorded as failed'),
  ).action((id, options) => session((given) => updateEndpoint(given, id, options)));
  add('rotate-secret <id>', 'makes a new secret, beside which the older ones go on signing for a while')
    .option('--secret-file <file>', 'your own secret, from a file or - for standard input')
    .option('--overlap <time>', 'how long the older ones sign: 24h by default, 0s to 7d')
    .option(key, keyMeaning)
    .action((id, options) => session((given) => rotateSecret(given, id, options)));
  add('verify <id>', 'asks the receiver whether it wants the deliveries').action((id) =>
    session((given) => verifyEndpoint(given, id)),
  );
  add('pause <id>', 'sends nothing and keeps the queue').action((id) =>
    session((given) => pauseEndpoint(given, id)),
  );
  add('resume <id>', 'sends what has waited').action((id) => session((given) => resumeEndpoint(given, id)));
  add('delete-endpoint <id>', 'deletes an endpoint with its secrets and its history: asks first')
    .option('--yes', 'does not ask')
    .action((id, options) => session((given) => deleteEndpoint(given, id, options)));
  add('recover <id>', 'sends an endpoint what it did not get: counts first and asks')
    .requiredOption('--since <time>', 'created since: 2h, 15m, 7d or an RFC 3339 time')
    .option('--dry-run', 'only counts')
    .option('--yes', 'does not ask')
    .option(key, keyMeaning)
    .action((id, options) => session((given) => recover(given, id, options)));
  add('test <id>', 'sends a test event to an endpoint')
    .option('--type <name>', 'the event type; by default one that it subscribes to')
    .option('--payload <json>', `${payload}; by default the example of the type`)
    .option('--watch', 'follows it to its end; fails if it does')
    .action((id, options) => session((given) => testEndpoint(given, id, options)));
  add('preview-filter <type>', 'says which of the newest 100 events of a type a filter lets through')
    .requiredOption(
      '--filter <condition>',
      "such as '/data/amount GTE 100', or @FILE; may be given again",
      (value: string, before?: readonly string[]) => [...(before ?? []), value],
    )
    .action((type, options) => session((given) => previewFilter(given, type, options)));
}
