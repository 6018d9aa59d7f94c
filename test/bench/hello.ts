import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { createSchema, createYoga } from 'graphql-yoga';
import pg from 'pg';

// The minimum cost, in a separate process: Yoga with one query and one mutation that do nothing, and, without
// GraphQL, one row inserted and committed for each request.
const [, , databaseUrl = ''] = process.argv;
const pool = new pg.Pool({ connectionString: databaseUrl, max: 32 });
await pool.query('create table if not exists bench_row (id uuid primary key, body text not null)');
const yoga = createYoga({
  logging: false,
  schema: createSchema({
    typeDefs: `
      scalar JSON
      type Query { hello: String! }
      input HelloEvent { type: String!, payload: JSON!, idempotencyKey: String }
      input HelloInput { events: [HelloEvent!]! }
      type Mutation { hello(input: HelloInput!): String! }`,
    resolvers: { Query: { hello: () => 'hello' }, Mutation: { hello: () => 'hello' } },
  }),
});
const server = createServer((request, response) => {
  if (request.url !== '/insert') {
    void yoga(request, response);
    return;
  }
  let body = '';
  request.setEncoding('utf8').on('data', (chunk) => {
    body += chunk;
  });
  request.once('end', () => {
    const insert = {
      name: 'bench_insert',
      text: 'insert into bench_row (id, body) values ($1, $2)',
      values: [randomUUID(), body],
    };
    pool.query(insert).then(
      () => response.end('{}'),
      (error) => response.writeHead(500).end(String(error)),
    );
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.({ port: typeof address === 'object' ? address?.port : undefined });
});
process.once('disconnect', () => process.exit(0));
