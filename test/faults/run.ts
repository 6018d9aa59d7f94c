import { parseArgs } from 'node:util';
import { play, type Result } from './fault.ts';
import { faults } from './faults.ts';
import { Site } from './site.ts';

/**
 * `npm run test:faults` plays one fault after another during steady traffic through real processes over a real
 * PostgreSQL. After each fault the oracles are asked. `--only "kill,disk full"` plays the faults whose names contain
 * one of the words.
 */
const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } });
const words = values.only.split(',');
const chosen = faults.filter(({ name }) => words.some((word) => name.includes(word)));

const site = await Site.open();
let isStopping = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (isStopping) return;
    isStopping = true;
    void site.close().finally(() => process.exit(1));
  });
}

const results: Result[] = [];
const columns = ['events', 'duplicates', 'fenced', 'lost', 'seconds'] as const;
const nameWidth = Math.max(...chosen.map(({ name }) => name.length));
console.log(`${'fault'.padEnd(nameWidth)}  ${columns.map((column) => column.padStart(10)).join('')}`);
try {
  for (const fault of chosen) {
    const result = await play(site, fault);
    results.push(result);
    const cells = columns.map((column) =>
      (column === 'seconds' ? result.seconds.toFixed(1) : String(result[column])).padStart(10),
    );
    const state = result.problems.length > 0 ? '  FAILED' : '';
    console.log(`${fault.name.padEnd(nameWidth)}  ${cells.join('')}${state}`);
    if (result.skipped !== undefined) console.log(`  not played: ${result.skipped}`);
    for (const problem of result.problems) console.log(`  ${problem}`);
  }
} finally {
  await site.close();
}

const failed = results.filter(({ problems }) => problems.length > 0);
const lost = results.reduce((sum, result) => sum + result.lost, 0);
const seconds = results.reduce((sum, result) => sum + result.seconds, 0);
console.log(`${results.length} faults, ${failed.length} failed, ${lost} lost, ${Math.round(seconds)} s`);
process.exit(failed.length === 0 ? 0 : 1);
