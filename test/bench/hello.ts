import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { createSchema, createYoga } from 'graphql-yoga';
import pg from 'pg';

// The minimum cost, in a separate process: Yoga with one query and one mutation that do nothing, and, without GraphQL,
// one row inserted and committed for each request, or what a page shows read and written as JSON.
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
/** What a path of its own does with the text of a request's body. */
const bare: Record<string, (body: string) => Promise<unknown>> = {
  async '/insert'(body) {
    await rowsOf('bench_insert', 'insert into bench_row (id, body) values ($1, $2)', [randomUUID(), body]);
    return {};
  },
  async '/deliveries'(body) {
    const { ownerId, first } = JSON.parse(body);
    const [log, nodes] = await Promise.all([
      rowsOf('bench_head', 'select head from owner_log where owner_id = $1', [ownerId]),
      rowsOf(
        'bench_deliveries',
        `select d.id, d.status, d.failure_reason, d.event_type, d.kind, d.completed_at, d.next_attempt_at,
                d.attempt_count, d.max_attempts, e.id as endpoint_id, e.url
           from delivery d join endpoint e on e.owner_id = d.owner_id and e.id = d.endpoint_id
          where d.owner_id = $1 order by d.id desc limit $2`,
        [ownerId, first],
      ),
    ]);
    return { head: log[0], nodes };
  },
  async '/delivery'(body) {
    const key = Object.values(JSON.parse(body));
    const [delivery, attempts] = await Promise.all([
      rowsOf(
        'bench_delivery',
        `select d.*, e.url, v.type, v.occurred_at, v.body
           from delivery d join endpoint e on e.owner_id = d.owner_id and e.id = d.endpoint_id
           join event v on v.owner_id = d.owner_id and v.id = d.event_id
          where d.owner_id = $1 and d.id = $2`,
        key,
      ),
      rowsOf(
        'bench_attempts',
        'select * from attempt where owner_id = $1 and delivery_id = $2 order by number',
        key,
      ),
    ]);
    return { ...delivery[0], attempts };
  },
  async '/statistics'(body) {
    const { ownerId, since } = JSON.parse(body);
    return await rowsOf(
      'bench_statistics',
      `select sum(succeeded)::int as succeeded, sum(failed)::int as failed, max(last_success_at) as last_success_at,
              max(last_failure_at) as last_failure_at,
              (select count(*)::int from due where owner_id = $1) as in_flight
         from endpoint_stat where owner_id = $1 and minute >= $2`,
      [ownerId, since],
    );
  },
};

async function rowsOf(name: string, text: string, values: unknown[]): Promise<object[]> {
  return (await pool.query({ name, text, values })).rows;
}

const server = createServer((request, response) => {
  const act = bare[request.url ?? ''];
  if (act === undefined) {
    void yoga(request, response);
    return;
  }
  let body = '';
  request.setEncoding('utf8').on('data', (chunk) => {
    body += chunk;
  });
  request.once('end', () => {
    act(body).then(
      (answer) => response.setHeader('content-type', 'application/json').end(JSON.stringify(answer)),
      (error) => response.writeHead(500).end(String(error)),
    );
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.({ port: typeof address === 'object' ? address?.port : undefined });
});
process.once('disconnect', () => process.exit(0));
