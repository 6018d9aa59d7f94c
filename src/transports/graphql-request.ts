import { badUserInput, RequestError } from '../errors.ts';
import { LostNumber, maxLostNumbers, parseExactly } from '../exact-json.ts';
import { refusalOfRepeatedNames } from '../repeated-names.ts';

/** A request of a client with values of the right types, whatever transport it used. */
export type AskedOperation = Readonly<{
  /** Undefined if the id of a document is given instead. */
  query?: string | undefined;
  documentId?: string | undefined;
  /** Undefined also if it is empty. */
  operationName?: string | undefined;
  variables?: Record<string, unknown> | undefined;
  extensions?: Record<string, unknown> | undefined;
}>;

const known = ['query', 'documentId', 'operationName', 'variables', 'extensions'];
const utf8ByteOrderMark = 0xfeff;

/** Reads the body of a POST. Throws BAD_USER_INPUT with the problem. */
export function readPostedOperation(body: string): AskedOperation {
  // RFC 8259, section 8.1: a parser may ignore a byte order mark.
  const text = body.charCodeAt(0) === utf8ByteOrderMark ? body.slice(1) : body;
  if (text.trim() === '') throw badUserInput('The body is empty. Send {"query":"…"} as JSON.');
  let parsed: unknown;
  try {
    parsed = parseExactly(text, maxLostNumbers);
  } catch (error) {
    if (error instanceof RequestError) throw error;
    throw badUserInput('The body is not valid JSON.');
  }
  const refusal = refusalOfRepeatedNames(text);
  if (refusal !== undefined) throw refusal;
  if (Array.isArray(parsed)) {
    throw badUserInput('The body is a list. Send one operation in each request, as a JSON object.');
  }
  if (!isObject(parsed)) throw badUserInput('The body must be a JSON object such as {"query":"…"}.');
  const unknown = Object.keys(parsed).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw badUserInput(`The body has an unknown field. The known fields are ${known.join(', ')}.`, {
      field: unknown.slice(0, 100),
    });
  }
  return checkedOperation(parsed);
}

/** Reads the query of a GET's URL. Throws BAD_USER_INPUT with the problem. */
export function readQueriedOperation(url: string): AskedOperation {
  if (!isUtf8Query(url)) {
    throw badUserInput(
      'The query of the URL is not valid UTF-8. Send its text in this encoding, percent-encoded.',
    );
  }
  const parameters = new URL(url, 'http://localhost').searchParams;
  const given: Record<string, unknown> = {};
  for (const name of known) {
    const values = parameters.getAll(name);
    if (values.length > 1) throw badUserInput(`The parameter \`${name}\` is given more than once.`);
    const [value] = values;
    if (value === undefined || value === '') continue;
    given[name] = name === 'variables' || name === 'extensions' ? parseParameter(name, value) : value;
  }
  return checkedOperation(given);
}

/** URL reads bytes that are not UTF-8 as U+FFFD, without an error. A character's bytes always follow each other. */
function isUtf8Query(url: string): boolean {
  return (url.match(/(?:%[0-9a-f]{2})+/gi) ?? []).every((escapes) => {
    try {
      return decodeURIComponent(escapes) !== '';
    } catch {
      return false;
    }
  });
}

/** Checks the types of a request's values, whatever transport it used. */
export function checkedOperation(given: Readonly<Record<string, unknown>>): AskedOperation {
  return {
    query: textOf(given, 'query') || undefined,
    documentId: textOf(given, 'documentId') || undefined,
    operationName: textOf(given, 'operationName') || undefined,
    variables: objectOf(given, 'variables'),
    extensions: objectOf(given, 'extensions'),
  };
}

/** The error for a request without a document. */
export const missingDocument = () =>
  badUserInput('`query` is missing. Send the text of a GraphQL document in it, or an id as `documentId`.');

function textOf(given: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = given[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw badUserInput(`\`${name}\` must be a string.`);
  return value;
}

function objectOf(
  given: Readonly<Record<string, unknown>>,
  name: string,
): Record<string, unknown> | undefined {
  const value = given[name];
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw badUserInput(`\`${name}\` must be a JSON object.`);
  return value;
}

function parseParameter(name: string, text: string): unknown {
  let value: unknown;
  try {
    value = parseExactly(text, maxLostNumbers);
  } catch (error) {
    if (error instanceof RequestError) throw error;
    throw badUserInput(`The parameter \`${name}\` is not valid JSON.`);
  }
  const refusal = refusalOfRepeatedNames(text);
  if (refusal !== undefined) throw refusal;
  return value;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof LostNumber);
