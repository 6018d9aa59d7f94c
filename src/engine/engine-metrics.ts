import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { OpenCircuit } from '../lanes/lanes.ts';
import { attemptOutcomes } from '../status/status.ts';
import type { Outcome } from './decide.ts';

/** The limit for metrics with the id of an endpoint as a label. */
const mostShown = 50;

/** The engine's metrics at /metrics. */
export class EngineMetrics {
  readonly #registry: Registry;
  readonly #attempts: Counter<'outcome'>;
  readonly #seconds: Histogram;
  readonly #fenced: Counter;
  readonly #commits: Histogram;

  constructor(registry: Registry) {
    this.#registry = registry;
    this.#attempts = new Counter({
      name: 'heliograph_attempts_total',
      help: 'Attempts by outcome.',
      labelNames: ['outcome'],
      registers: [registry],
    });
    // Set to 0 at the start, because a rate over a series that begins with its first failure would not show that
    // failure.
    for (const outcome of attemptOutcomes) if (outcome !== 'INTERRUPTED') this.#attempts.inc({ outcome }, 0);
    this.#seconds = new Histogram({
      name: 'heliograph_attempt_seconds',
      help: 'Duration of attempts.',
      buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15],
      registers: [registry],
    });
    this.#commits = new Histogram({
      name: 'heliograph_settle_commit_seconds',
      help: 'Duration of the statements that store the results of attempts, with the commit.',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers: [registry],
    });
    this.#fenced = new Counter({
      name: 'heliograph_fenced_total',
      help: 'Results that were not recorded because this worker’s claim had been replaced.',
      registers: [registry],
    });
  }

  attempted(outcome: Outcome): void {
    this.#attempts.inc({ outcome: outcome.outcome });
    this.#seconds.observe(outcome.durationMs / 1000);
  }

  /** A statement has stored the results of some attempts. */
  settled(seconds: number): void {
    this.#commits.observe(seconds);
  }

  fenced(): void {
    this.#fenced.inc();
  }

  observe(sources: {
    inFlight(): number;
    bodyBytes(): number;
    lanes(): number;
    shards(): number;
    openCircuits(): readonly OpenCircuit[];
  }): void {
    this.#gauge('heliograph_in_flight', 'Attempts running in this process.', sources.inFlight);
    this.#gauge(
      'heliograph_body_bytes',
      'Memory held or reserved for bodies of attempts, out of 64 MiB.',
      sources.bodyBytes,
    );
    this.#gauge('heliograph_lanes', 'Endpoints that this process keeps in memory.', sources.lanes);
    this.#gauge('heliograph_shards', 'Shards that this process holds, out of 64.', sources.shards);
    this.#gauge(
      'heliograph_circuits_open',
      'Endpoints to which nothing is sent apart from probes, because they have failed many times in a row.',
      () => sources.openCircuits().length,
    );
    new Gauge({
      name: 'heliograph_endpoint_circuit_open_seconds',
      help: `For how long the circuit of an endpoint has been open. Only the ${mostShown} that have been open the longest are shown.`,
      labelNames: ['endpoint'],
      registers: [this.#registry],
      collect() {
        this.reset();
        const longest = [...sources.openCircuits()].sort((a, b) => b.seconds - a.seconds).slice(0, mostShown);
        for (const { endpoint, seconds } of longest) this.set({ endpoint }, seconds);
      },
    });
  }

  #gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.set(read());
      },
    });
  }
}
