import type { CombinedError } from 'urql';
import { Problem } from './problem.tsx';
import { Skeleton } from './skeleton.tsx';

/** A placeholder for an answer that has not arrived yet, or the reason why it does not arrive. */
export function Pending(
  props: Readonly<{ lines: number; error: CombinedError | undefined; onRetry: () => void }>,
) {
  const { lines, error, onRetry } = props;
  return error === undefined ? <Skeleton lines={lines} /> : <Problem error={error} onRetry={onRetry} />;
}
