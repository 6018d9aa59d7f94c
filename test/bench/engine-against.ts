import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inRounds, ratios, shown } from './rounds.ts';

/**
 * The engine of this checkout against that of another one, which has its packages installed. Both run `bench:engine` in
 * turns. What is compared is the engine's rate in units of the bare sender's in the same run, because the load of the
 * machine affects both.
 */
export async function compareCheckouts(other: string, rounds: number): Promise<void> {
  const here = fileURLToPath(new URL('../..', import.meta.url));
  const found = await inRounds(rounds, { other: () => runIn(other), here: () => runIn(here) });
  for (const [name, figures] of Object.entries(found)) {
    const of = (what: string, digits = 0) =>
      shown(
        figures.map((one) => one[what] ?? 0),
        digits,
      );
    console.log(
      `${name.padEnd(6)} ${of('perSecond')} /s   engine / bare ${of('ofBare', 3)}   ${of('cpu')} µs CPU`,
    );
  }
  console.log(`here / other, engine / bare   ${shown(ratios(found.here, found.other, 'ofBare'), 3)}`);
  console.log(`here / other, CPU             ${shown(ratios(found.here, found.other, 'cpu'), 3)}`);
}

async function runIn(folder: string) {
  // Each is run as its server is started, compiled or not, and with its own settings of Node.
  const { scripts } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const [, ...program] = String(scripts['bench:engine']).split(' ');
  const child = spawn(process.execPath, program, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  const [code] = await once(child, 'close');
  const bare = /bare sender\s+(\d+)/.exec(out);
  const engine = /engine\s+(\d+) \/s\s+(\d+) µs CPU each \(this process\) \+ (\d+) µs/.exec(out);
  if (code !== 0 || bare === null || engine === null) throw new Error(`${folder}: ${out}`);
  const [, perSecond, node, postgres] = engine.map(Number);
  return {
    perSecond: perSecond ?? 0,
    ofBare: (perSecond ?? 0) / Number(bare[1]),
    cpu: (node ?? 0) + (postgres ?? 0),
  };
}
