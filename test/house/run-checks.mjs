import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

// Runs every `check:…` script of package.json, as many at once as there are processors. The output of each is printed
// when it has ended, so that it stays in one piece.
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
const waiting = Object.keys(scripts).filter((name) => name.startsWith('check:'));
const failed = [];

await Promise.all(
  Array.from({ length: availableParallelism() }, async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const { code, output } = await run(name);
      process.stdout.write(output);
      if (code !== 0) failed.push(name);
    }
  }),
);
if (failed.length > 0) {
  console.error(`These checks failed: ${failed.join(', ')}`);
  process.exit(1);
}

function run(name) {
  return new Promise((resolve) => {
    const child = spawn('npm', ['run', name], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
      });
    }
    child.once('error', (error) => resolve({ code: 1, output: `${error}\n` }));
    child.once('close', (code) => resolve({ code, output }));
  });
}
