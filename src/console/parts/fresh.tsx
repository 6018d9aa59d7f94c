import { type ReactNode, useCallback, useEffect, useState } from 'react';
import { type AnyVariables, type CombinedError, type TypedDocumentNode, useClient } from 'urql';
import { Pending } from './pending.tsx';

/**
 * What the server says at the moment that a form is opened. The view behind it may be older, and a form that starts
 * with old values would write them over the new ones.
 */
export function Fresh<Data, Variables extends AnyVariables>(
  props: Readonly<{
    query: TypedDocumentNode<Data, Variables>;
    /** The same object as long as the same thing is asked for. */
    variables: Variables;
    children: (data: Data) => ReactNode;
  }>,
) {
  const { query, variables, children } = props;
  const client = useClient();
  const [answer, setAnswer] = useState<Readonly<{ data?: Data; error?: CombinedError }>>();
  const ask = useCallback(async () => {
    setAnswer(undefined);
    const { data, error } = await client.query(query, variables, { requestPolicy: 'network-only' });
    setAnswer(data === undefined ? error && { error } : { data });
  }, [client, query, variables]);
  useEffect(() => void ask(), [ask]);
  if (answer?.data === undefined) {
    return <Pending lines={6} error={answer?.error} onRetry={() => void ask()} />;
  }
  return children(answer.data);
}
