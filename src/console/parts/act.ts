import { use, useCallback, useState } from 'react';
import type { AnyVariables, CombinedError, TypedDocumentNode } from 'urql';
import { ActsContext } from '../app/api.ts';

/** Why an act was refused, and which of the given fields caused it. */
export type Refusal = Readonly<{
  code?: string;
  message: string;
  issues?: readonly Readonly<{ path: readonly string[]; message: string }>[];
}>;

type Answered<Result> = Exclude<Result, { code: string; message: string }>;

/**
 * An action of a person: one mutation whose field is called `result`. It returns the payload, or undefined
 * if it was refused. Then `refusal` has the reason, and the typed values stay.
 */
export function useAct<Data extends { result: object }, Variables extends AnyVariables>(
  document: TypedDocumentNode<Data, Variables>,
) {
  const client = use(ActsContext);
  const [refusal, setRefusal] = useState<Refusal>();
  const [isRunning, setRunning] = useState(false);
  const act = useCallback(
    async (variables: Variables): Promise<Answered<Data['result']> | undefined> => {
      setRunning(true);
      setRefusal(undefined);
      const { data, error } = await client.mutation(document, variables).toPromise();
      setRunning(false);
      if (data == null) {
        setRefusal({ message: wordsOf(error) });
        return undefined;
      }
      const { result } = data;
      if (isRefusal(result)) {
        setRefusal(result);
        return undefined;
      }
      return result as Answered<Data['result']>;
    },
    [client, document],
  );
  return { act, isRunning, refusal, clear: useCallback(() => setRefusal(undefined), []) };
}

const unknown = 'The server cannot be reached: whether it was done is not known. Look before you try again.';

const ended = 'It was not done, because the credential had ended. It can be tried again.';

function wordsOf(error: CombinedError | undefined): string {
  const [first] = error?.graphQLErrors ?? [];
  if (first?.extensions.code === 'UNAUTHENTICATED') return ended;
  return first?.message ?? unknown;
}

const isRefusal = (result: object): result is Refusal => 'code' in result && 'message' in result;

/** The problem of one field of an input, if there is one. */
export function issueOf(refusal: Refusal | undefined, field: string): string | undefined {
  return refusal?.issues?.find(({ path }) => path[0] === field)?.message;
}
