import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Rooms whose tests make schemas of their own. Each of their files needs a builder to which no other has added. */
const alone = [
  'test/{apps,cancels,deliveries,endpoints,events,graph,http,installations,internal,replays,tenants}/**/*.test.ts',
];

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    globalSetup: ['test/support/global-setup.ts'],
    pool: 'forks',
    // Our source and the packages that it uses must share one copy of graphql.
    alias: { graphql: fileURLToPath(new URL('../node_modules/graphql/index.js', import.meta.url)) },
    maxWorkers: 3,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      { extends: true, test: { name: 'alone', include: alone } },
      {
        extends: true,
        test: {
          name: 'together',
          include: ['test/**/*.test.ts'],
          exclude: alone,
          // The files that one process runs share the modules, which take as long to load as many a file takes to run.
          isolate: false,
        },
      },
    ],
  },
});
