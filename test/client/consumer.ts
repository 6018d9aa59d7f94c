import { appendFileSync } from 'node:fs';
import { connect, fileStore } from '../../src/client/node.ts';

/**
 * A process that follows a log and writes down each change before its position is saved; it is killed in between.
 * Arguments: the server, the file of the position, the file of what it has seen. The token comes as HELIOGRAPH_TOKEN.
 */
const [url = '', state = '', journal = ''] = process.argv.slice(2);
const heliograph = connect({ url, token: () => process.env.HELIOGRAPH_TOKEN, silenceMs: 2_000 });
process.stdout.write('started\n');
await heliograph.follow(
  ({ position, deliveryId, status }) => {
    appendFileSync(journal, `${JSON.stringify({ position, deliveryId, status })}\n`);
    process.stdout.write('.');
  },
  { store: fileStore(state), after: 0 },
);
