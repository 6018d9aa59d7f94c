import { type GraphQLSchema, lexicographicSortSchema, printSchema } from 'graphql';
import { declareRoute, publicRead, type Route } from '../route.ts';

const schemaPage = declareRoute({
  method: 'GET',
  path: '/schema.graphql',
  description: 'The GraphQL schema as text. It does not exist with NODE_ENV=production.',
  ...publicRead,
  response: 'text/plain: the schema in SDL',
});

export function schemaRoute(schema: GraphQLSchema): Route {
  const body = printSchema(lexicographicSortSchema(schema));
  return schemaPage(() => ({
    status: 200,
    headers: { 'content-type': 'text/plain; charset=utf-8' },
    body,
  }));
}
