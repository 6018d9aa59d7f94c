import { type GraphQLFailure, RequestError } from '../node.ts';
import { printable, type Session } from './session.ts';

type Issue = Readonly<{ path: readonly (string | number)[]; code: string; message: string }>;
type Refusal = Readonly<{ __typename: string; code?: string; message?: string; issues?: readonly Issue[] }>;

/** Calls a mutation. Its payload is returned; an error of its result is thrown, each issue with its place. */
export async function act<Payload extends object>(
  { heliograph, signal }: Session,
  document: string,
  variables: Readonly<Record<string, unknown>>,
): Promise<Payload> {
  const data = await heliograph.query<Record<string, Refusal & Payload>>(document, variables, { signal });
  const [result] = Object.values(data);
  if (result === undefined) throw new RequestError('REFUSED', 'The server has said nothing.');
  if (result.code === undefined) return result;
  const { code, message = 'It was refused.', issues = [] } = result;
  const errors: GraphQLFailure[] = issues.map((issue) => ({
    message: issue.message,
    path: issue.path,
    extensions: { code: issue.code },
  }));
  const details = issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join(' ');
  throw new RequestError(code, printable(details === '' ? message : details), errors);
}
