import { readRooms } from './test/house/rooms.mjs';

// A room imports only rooms that stand above it in the README's list: the list is the rule.
const rooms = readRooms();
const top = ['schema', 'app', 'index'];

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    ...rooms.map((room, index) => ({
      name: `${room}-imports-upwards`,
      severity: 'error',
      from: { path: `^src/${room}(/|\\.ts$)` },
      to: {
        path: rooms
          .slice(index + 1)
          .concat(top)
          .map((later) => `^src/${later}(/|\\.ts$)`),
      },
    })),
    {
      name: 'rules-know-no-graphql',
      severity: 'error',
      comment: 'GraphQL stands in *.graph.ts, in graph/ and transports/.',
      from: {
        path: '^src/',
        pathNot:
          '(\\.graph\\.ts$|^src/(client|graph|transports|websocket|server\\.ts|inventory|docs|schema))',
      },
      to: { path: '(^src/graph/(builder|result|connection|node|scalars)|node_modules/(graphql|@pothos)/)' },
    },
    {
      name: 'fields-know-no-sql',
      severity: 'error',
      from: { path: '\\.graph\\.ts$' },
      to: { path: 'node_modules/(kysely|pg)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'sockets-only-in-egress',
      severity: 'error',
      comment: 'The HTTP server and the SMTP client aside, nothing opens a socket elsewhere.',
      from: { path: '^src/', pathNot: '^src/egress/' },
      to: {
        path: '(node_modules/(undici|@opentelemetry/(exporter|otlp))|^(node:)?(tls|dns|dns/promises|https|http2|dgram)$)',
      },
    },
    {
      name: 'postgres-only-in-db',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/db/' },
      to: { path: 'node_modules/pg/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'client-stands-alone',
      severity: 'error',
      comment: 'The console aside, which is a client too, and the command of this checkout.',
      from: { path: '^src/', pathNot: '^src/(client|console)/|^src/commands/heliograph\\.ts$' },
      to: { path: '^src/client/' },
    },
    {
      name: 'client-runs-in-browsers',
      severity: 'error',
      comment: 'What only Node has stands in the entry for Node, in the file store and in the command line.',
      from: { path: '^src/client/', pathNot: '^src/client/(node|file-store)\\.ts$|^src/client/cli/' },
      to: {
        path: '(^(node:)?[a-z_/]+$|node_modules/ws/)',
        pathNot: '^src/',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'console-stands-alone',
      severity: 'error',
      comment: 'It runs in browsers and uses the public API alone.',
      from: { path: '^src/console/' },
      to: { path: '^src/', pathNot: '^src/(console|client)/' },
    },
    {
      name: 'nobody-imports-the-console',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/console/' },
      to: { path: '^src/console/' },
    },
    { name: 'no-tests-in-src', severity: 'error', from: { path: '^src/' }, to: { path: '^test/' } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
