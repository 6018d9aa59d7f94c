import { useCallback, useState } from 'react';
import { type AnyVariables, formatDocument, stringifyDocument, type TypedDocumentNode } from 'urql';
import { currentToken } from '../app/session.ts';

/** Why an act was refused, and which of the fields that were given are to blame. */
export type Refusal = Readonly<{
  code?: string;
  message: string;
  issues?: readonly Readonly<{ path: readonly string[]; message: string }>[];
}>;

type Answered<Result> = Exclude<Result, { code: string; message: string }>;

/**
 * Something that a person does: one mutation whose field is called `result`. It answers with the payload; undefined
 * where it was refused, and then `refusal` says why. What was typed stays where it is.
 */
export function useAct<Data extends { result: object }, Variables extends AnyVariables>(
  document: TypedDocumentNode<Data, Variables>,
) {
  const [refusal, setRefusal] = useState<Refusal>();
  const [isRunning, setRunning] = useState(false);
  const act = useCallback(
    async (variables: Variables): Promise<Answered<Data['result']> | undefined> => {
      setRunning(true);
      setRefusal(undefined);
      const data = await send(document, variables);
      setRunning(false);
      if ('problem' in data) {
        setRefusal({ message: data.problem });
        return undefined;
      }
      const { result } = data;
      if (isRefusal(result)) {
        setRefusal(result);
        return undefined;
      }
      return result as Answered<Data['result']>;
    },
    [document],
  );
  return { act, isRunning, refusal, clear: useCallback(() => setRefusal(undefined), []) };
}

/** Past the cache, which keeps no errors: whoever acts reads anew what the act has changed. */
async function send<Data, Variables extends AnyVariables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): Promise<Data | { problem: string }> {
  try {
    const response = await fetch('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${currentToken() ?? ''}` },
      body: JSON.stringify({
        query: stringifyDocument(Object(formatDocument(document))),
        variables,
      }),
    });
    const { data, errors }: { data?: Data | null; errors?: readonly { message: string }[] } =
      await response.json();
    return data ?? { problem: errors?.[0]?.message ?? unknown };
  } catch {
    return { problem: unknown };
  }
}

const unknown = 'The server cannot be reached: whether it was done is not known. Look before you try again.';

const isRefusal = (result: object): result is Refusal => 'code' in result && 'message' in result;

/** What is wrong with one field of an input, where something is. */
export function issueOf(refusal: Refusal | undefined, field: string): string | undefined {
  return refusal?.issues?.find(({ path }) => path[0] === field)?.message;
}
