import { useState } from 'react';
import { stringifyDocument, type TypedDocumentNode } from 'urql';
import { currentToken } from '../app/session.ts';
import { Copy } from './copy.tsx';

type Props<Variables> = Readonly<{
  name: string;
  document: TypedDocumentNode<unknown, Variables>;
  variables: Variables;
}>;

const ways = ['curl', 'GraphQL'] as const;

/**
 * What a form sends, as a command for a shell and as GraphQL. The token is not shown: the command reads it from
 * `TOKEN`, and copies it along only where that is asked for.
 */
export function Command<Variables>({ name, document, variables }: Props<Variables>) {
  const [way, setWay] = useState<(typeof ways)[number]>('curl');
  const query = stringifyDocument(Object(document));
  const body = JSON.stringify({ query: query.replace(/\s+/g, ' '), variables });
  const curl = (authorization: string) =>
    [
      `curl ${location.origin}/graphql`,
      "-H 'content-type: application/json'",
      `-H ${authorization}`,
      `-d ${quoted(body)}`,
    ].join(' \\\n  ');
  const plain = curl('"authorization: Bearer $TOKEN"');
  const graphql = `${query}\n\n# Variables\n${JSON.stringify(variables, null, 2)}`;
  return (
    <section className="command" aria-label={name}>
      <fieldset className="segments">
        <legend className="hidden">{name}</legend>
        {ways.map((one) => (
          <label key={one}>
            <input type="radio" name={name} checked={way === one} onChange={() => setWay(one)} />
            {one}
          </label>
        ))}
      </fieldset>
      <pre className="code" tabIndex={0} role="region" aria-label={`${name}: ${way}`}>
        {way === 'curl' ? plain : graphql}
      </pre>
      <p className="acts">
        <Copy text={way === 'curl' ? plain : graphql} name="Copy" />
        {way === 'curl' && (
          <Copy
            text={curl(quoted(`authorization: Bearer ${currentToken() ?? ''}`))}
            name="Copy with your token"
          />
        )}
      </p>
    </section>
  );
}

/** A text as one word of a POSIX shell, whatever is in it. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
