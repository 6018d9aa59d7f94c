import { run } from '../client/cli/run.ts';
import { readConfig } from '../config.ts';
import { demoToken } from '../demo/demo-token.ts';

/** `npm run heliograph -- …`: the command of the package, with the development token of this checkout's server. */
process.exitCode = await run(process.argv.slice(2), {
  developmentToken: async () => await demoToken(readConfig()),
});
