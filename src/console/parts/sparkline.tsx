type Bucket = Readonly<{ start: string; succeeded: number; failed: number }>;

const height = 28;
const barWidth = 4;
const gap = 1;

/** Outcomes over time as small stacked bars, and the same in words. */
export function Sparkline({ buckets, of }: Readonly<{ buckets: readonly Bucket[]; of: string }>) {
  const most = Math.max(1, ...buckets.map(({ succeeded, failed }) => succeeded + failed));
  const sum = (name: 'succeeded' | 'failed') => buckets.reduce((total, bucket) => total + bucket[name], 0);
  const width = buckets.length * (barWidth + gap);
  return (
    <svg
      className="sparkline"
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`${of}: ${sum('succeeded')} succeeded, ${sum('failed')} failed`}
    >
      <rect className="ground" x={0} y={height - 1} width={width} height={1} />
      {buckets.map(({ start, succeeded, failed }, index) => {
        const good = barOf(succeeded, most);
        const bad = barOf(failed, most);
        return (
          <g key={start}>
            <rect
              className="good"
              x={index * (barWidth + gap)}
              y={height - good}
              width={barWidth}
              height={good}
            />
            <rect
              className="bad"
              x={index * (barWidth + gap)}
              y={height - good - bad}
              width={barWidth}
              height={bad}
            />
          </g>
        );
      })}
    </svg>
  );
}

/** At least two units high if the value is not zero, because one failure among thousands must be visible. */
function barOf(count: number, most: number): number {
  return count === 0 ? 0 : Math.max(2, (count / most) * (height - 4));
}
