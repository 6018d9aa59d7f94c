import { Chart } from './chart.tsx';
import type { OutcomesFragment } from './generated/graphql.ts';
import { duration } from './time.tsx';

const count = (n: number) => n.toLocaleString('en');

/** How deliveries ended, and how long attempts took, over time. */
export function OutcomeCharts({ stats }: Readonly<{ stats: OutcomesFragment }>) {
  const { timeline, latencyTimeline } = stats;
  return (
    <div className="charts">
      <Chart
        title="Deliveries by outcome"
        as="bars"
        starts={timeline.map(({ start }) => start)}
        series={[
          { name: 'Delivered', kind: 'good', values: timeline.map(({ succeeded }) => succeeded) },
          { name: 'Failed', kind: 'bad', values: timeline.map(({ failed }) => failed) },
          { name: 'Waiting', kind: 'busy', values: timeline.map(({ inFlight }) => inFlight) },
        ]}
        show={count}
      />
      <Chart
        title="Latency of attempts, by the hour"
        as="lines"
        starts={latencyTimeline.map(({ start }) => start)}
        series={[
          { name: 'p50', kind: 'first', values: latencyTimeline.map(({ latencyP50 }) => latencyP50) },
          { name: 'p95', kind: 'second', values: latencyTimeline.map(({ latencyP95 }) => latencyP95) },
        ]}
        show={duration}
      />
    </div>
  );
}
