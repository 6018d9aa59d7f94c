import type { CombinedError } from 'urql';
import { Problem } from './problem.tsx';
import { Skeleton } from './skeleton.tsx';

/** Stands where an answer has not come yet: its place, or why it does not come. */
export function Pending(
  props: Readonly<{ lines: number; error: CombinedError | undefined; onRetry: () => void }>,
) {
  const { lines, error, onRetry } = props;
  return error === undefined ? <Skeleton lines={lines} /> : <Problem error={error} onRetry={onRetry} />;
}
