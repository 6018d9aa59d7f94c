/** A placeholder while something is being loaded, so that the layout does not jump. */
export function Skeleton({ lines }: Readonly<{ lines: number }>) {
  return (
    <div className="skeleton" aria-hidden="true">
      {Array.from({ length: lines }, (_, line) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the lines are all the same.
        <div key={line} />
      ))}
    </div>
  );
}
