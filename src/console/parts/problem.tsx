import type { CombinedError } from 'urql';

/** An error message and a button to try again. */
export function Problem({
  error,
  onRetry,
}: Readonly<{ error: CombinedError | string; onRetry?: () => void }>) {
  return (
    <div role="alert" className="problem">
      <p>{typeof error === 'string' ? error : wordsOf(error)}</p>
      {onRetry !== undefined && !isForbidden(error) && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** Asking again does not help without the permission. */
const isForbidden = (error: CombinedError | string) =>
  typeof error !== 'string' && error.graphQLErrors[0]?.extensions.code === 'FORBIDDEN';

function wordsOf(error: CombinedError): string {
  if (error.networkError !== undefined) return 'The server cannot be reached. It may be starting again.';
  const [first] = error.graphQLErrors;
  if (first?.extensions.code === 'FORBIDDEN') {
    const needed = first.extensions.permission;
    return `Your credential may not see this.${typeof needed === 'string' ? ` It needs ${needed.toLowerCase()}.` : ''}`;
  }
  return first?.message ?? 'The answer could not be read.';
}
