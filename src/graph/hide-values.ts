import { type GraphQLError, Kind, print, type ValueNode } from 'graphql';

/**
 * The messages of graphql-js repeat the value that they refuse. It may be a secret or a payload, and clients log
 * errors, so the value is left out: the message still names the variable, the place in it and the expected type.
 * Numbers, booleans and null stay.
 */
const telling = /^(?:-?\d[\d.]*(?:e[+-]?\d+)?|true|false|null|NaN|-?Infinity)$/i;
const tellingKinds: readonly string[] = [Kind.INT, Kind.FLOAT, Kind.BOOLEAN, Kind.NULL];

/** For the error of a variable, whose original error is the reason alone. */
export function hideVariableValue(error: GraphQLError): GraphQLError {
  const { message, originalError } = error;
  const reason = originalError?.message;
  const start = /^Variable "\$\w+" got invalid value/.exec(message)?.[0];
  if (start === undefined || reason === undefined || !message.endsWith(`; ${reason}`)) return error;
  // The value may be megabytes long, so no pattern is tried at each of its characters.
  const said = message.slice(start.length + 1, -`; ${reason}`.length);
  const place = said.endsWith('"')
    ? (/^ at "[^"]*"$/.exec(said.slice(said.lastIndexOf(' at "')))?.[0] ?? '')
    : '';
  const value = said.slice(0, said.length - place.length);
  if (!telling.test(value)) error.message = `${start}${place}; ${withoutValue(reason)}`;
  return error;
}

const withoutValue = (reason: string) =>
  reason.replace(
    /^((?:Int|Float|String|Boolean|ID|Enum "\w+") cannot represent [^:]*): [\s\S]*$/,
    (_whole, start) => `${start}.`,
  );

/** For the error of a value in the document. */
export function hideLiteral(error: GraphQLError): void {
  const node = error.nodes?.[0];
  if (node === undefined || tellingKinds.includes(node.kind)) return;
  const text = print(node as ValueNode);
  const found = `, found ${text}`;
  const refused = `: ${text}`;
  if (error.message.includes(found)) error.message = error.message.split(found).join('');
  else if (error.message.endsWith(refused)) error.message = `${error.message.slice(0, -refused.length)}.`;
}

/** For the error of a text that is no document. */
export function hideText(error: GraphQLError): void {
  error.message = error.message.replace(
    /( (?:Block)?String) "[\s\S]*"\.$/,
    (_whole, kind: string) => `${kind}.`,
  );
}

/** For the executor's error about an argument that lacks a variable. */
export const hideArgument = (message: string): string =>
  message.replace(/^(Argument "[^"]*" has invalid value) [\s\S]*$/, (_whole, start: string) => `${start}.`);
