import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Caller, createEndpoint, publish, registerEventType } from '../support/client.ts';
import { readMetric } from '../support/metrics.ts';
import { openStage, type Stage } from '../support/stage.ts';

// The dashboard and the alerts of the guide, against what a server really shows at /metrics.

/** So many failures in a row open a circuit. */
const failures = 20;

let stage: Stage;
let caller: Caller;
let endpointId: string;
/** The label names of each metric, from its series. */
let shown: Map<string, Set<string>>;
beforeAll(async () => {
  stage = await openStage();
  const server = await stage.startServer({ RETRY_SCHEDULE: '0' });
  caller = await stage.callerOf(server);
  const receiver = await stage.startReceiver();
  await registerEventType(caller, { name: 'order.paid', example: {} });
  ({ id: endpointId } = await createEndpoint(caller, { url: receiver.url, events: ['order.paid'] }));
  await receiver.close();
  await publish(
    caller,
    Array.from({ length: failures }, () => ({ type: 'order.paid', payload: {} })),
  );
  while ((await readMetric(caller, 'heliograph_circuits_open')) === 0);
  shown = seriesOf(await (await fetch(`${caller.origin}/metrics`)).text());
});
afterAll(() => stage?.close());

test('every metric in them is shown, with the labels that they use', () => {
  const missing = expressions().flatMap(({ from, expression }) =>
    usesOf(expression)
      .filter(({ metric, labels }) => labels.some((label) => shown.get(metric)?.has(label) !== true))
      .map((use) => ({ from, ...use })),
  );
  expect(missing).toEqual([]);
  expect(expressions().length).toBeGreaterThan(40);
});

test('an endpoint that only fails is shown by its id, for as long as its circuit is open', () => {
  expect(endpointId).toMatch(/^ep_/);
  expect(shown.get('heliograph_endpoint_circuit_open_seconds')).toEqual(new Set(['', 'endpoint']));
});

test('each alert has a name of its own, and is made to fire and to stay silent by the rules’ own test', () => {
  const rules = readFileSync('src/guides/operate/alerts.yml', 'utf8');
  const names = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name = '']) => name);
  expect(new Set(names).size).toBe(names.length);
  const tried = readFileSync('test/operate/alerts-fire.yml', 'utf8');
  for (const name of names) expect(tried.match(new RegExp(`name: ${name}\\b`, 'g'))).toHaveLength(4);
});

/** Every expression of the dashboard and of the alerts. */
function expressions(): { from: string; expression: string }[] {
  const rules = readFileSync('src/guides/operate/alerts.yml', 'utf8');
  const dashboard: { panels: { title: string; targets: { expr: string }[] }[] } = JSON.parse(
    readFileSync('src/guides/operate/dashboard.json', 'utf8'),
  );
  return [
    ...[...rules.matchAll(/^ +expr: (['"])(.*)\1$/gm)].map(([, , expression = '']) => ({
      from: 'alerts',
      expression,
    })),
    ...dashboard.panels.flatMap(({ title, targets }) =>
      targets.map(({ expr }) => ({ from: title, expression: expr })),
    ),
  ];
}

/** The metrics of an expression, each with the labels that it selects by or sums up by; '' is the metric itself. */
function usesOf(expression: string): { metric: string; labels: string[] }[] {
  const by = [...expression.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/,\s*/));
  return [...expression.matchAll(/\b((?:heliograph|process)_\w+)(?:\{([^}]*)\})?/g)].map(
    ([, metric = '', selected = '']) => ({
      metric,
      labels: ['', ...by, ...[...selected.matchAll(/(\w+)(?:=|!=)/g)].map(([, label = '']) => label)],
    }),
  );
}

function seriesOf(text: string): Map<string, Set<string>> {
  const series = new Map<string, Set<string>>();
  for (const line of text.split('\n')) {
    const [, name, labels = ''] = /^(\w+)(?:\{(.*)\})? /.exec(line) ?? [];
    if (name === undefined) continue;
    const known = series.get(name) ?? new Set(['']);
    for (const [, label = ''] of labels.matchAll(/(\w+)="/g)) known.add(label);
    series.set(name, known);
  }
  return series;
}
