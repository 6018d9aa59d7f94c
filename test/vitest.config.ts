import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Rooms whose tests make schemas of their own. Each of their files needs a builder to which no other has added. */
const alone = [
  'test/{apps,cancels,deliveries,endpoints,events,graph,http,installations,internal,replays,tenants}/**/*.test.ts',
];

/** Files that cannot run on a cluster or behind a pooler, which `npm run test:citus` and `npm run test:pgbouncer` name. */
const leftOut = (process.env.HELIOGRAPH_TEST_LEFT_OUT ?? '').split(',').filter((file) => file !== '');

const root = fileURLToPath(new URL('..', import.meta.url));
const both = {
  pool: 'forks',
  // Our source and the packages that it uses must share one copy of graphql.
  alias: { graphql: fileURLToPath(new URL('../node_modules/graphql/index.js', import.meta.url)) },
  testTimeout: 180_000,
  // On a cluster, or behind a pooler, it takes longer to prepare.
  hookTimeout: 300_000,
  // By default a poll gives up after a second, which is short on a machine that has other work.
  expect: { poll: { timeout: 30_000 } },
} as const;

export default defineConfig({
  root,
  test: {
    // Of the whole run, so that there is one database server.
    globalSetup: ['test/support/global-setup.ts'],
    maxWorkers: 3,
    projects: [
      { root, test: { ...both, name: 'alone', include: alone, exclude: leftOut } },
      {
        root,
        test: {
          ...both,
          name: 'together',
          include: ['test/**/*.test.ts'],
          exclude: [...alone, ...leftOut],
          // The files that one process runs share the modules, which take as long to load as many a file takes to run.
          isolate: false,
        },
      },
    ],
  },
});
