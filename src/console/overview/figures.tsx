import { Link } from 'wouter';
import { OutcomeCharts } from '../parts/outcome-charts.tsx';
import { percent } from '../parts/percent.ts';
import { duration } from '../parts/time.tsx';
import type { OverviewQuery } from './generated/graphql.ts';

type Props = Readonly<{ data: OverviewQuery; since: string }>;

const count = (n: number) => n.toLocaleString('en');
const milliseconds = (ms: number | null) => (ms === null ? '–' : duration(ms));

/** The window's figures, each linked to what it counts, and their timelines. */
export function Figures({ data, since }: Props) {
  const { deliveryStats: stats, deadLetters } = data;
  const listOf = (statuses: string) => `/deliveries?status=${statuses}&from=${encodeURIComponent(since)}`;
  const figures = [
    ['Delivered', count(stats.succeeded), listOf('SUCCEEDED')],
    ['Failed', count(stats.failed), listOf('FAILED,DEAD_LETTER')],
    ['Dead letters', `${count(deadLetters.count)}${deadLetters.isCapped ? '+' : ''}`, listOf('DEAD_LETTER')],
    ['Waiting', count(stats.inFlight), listOf('PENDING,DELIVERING,RETRYING')],
    ['Success rate', percent(stats.successRate), undefined],
    ['p50', milliseconds(stats.latencyP50), undefined],
    ['p95', milliseconds(stats.latencyP95), undefined],
  ] as const;
  return (
    <>
      <dl className="tiles">
        {figures.map(([name, value, href]) => (
          <div
            key={name}
            className={href?.includes('DEAD_LETTER') === true && value !== '0' ? 'is-bad' : undefined}
          >
            <dt>{name}</dt>
            <dd>{href === undefined ? value : <Link href={href}>{value}</Link>}</dd>
          </div>
        ))}
      </dl>
      <OutcomeCharts stats={stats} />
    </>
  );
}
