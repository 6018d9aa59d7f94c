import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export type Noted = Readonly<{ position: number; deliveryId: string; status: string }>;

const program = fileURLToPath(new URL('consumer.ts', import.meta.url));

/** The process `consumer.ts`, which is killed and started again over the same two files. */
export class KilledConsumer {
  readonly #options: { url: string; token: string; folder: string };
  readonly #journal: string;
  #child: ChildProcess | undefined;
  #handled = 0;
  #onHandled: () => void = () => undefined;
  kills = 0;

  constructor(options: { url: string; token: string; folder: string }) {
    this.#options = options;
    this.#journal = join(options.folder, 'journal');
  }

  async start(): Promise<void> {
    const { url, token, folder } = this.#options;
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', program, url, join(folder, 'position'), this.#journal],
      { env: { PATH: process.env.PATH, HELIOGRAPH_TOKEN: token }, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    this.#child = child;
    child.stdout.setEncoding('utf8');
    await once(child.stdout, 'data');
    child.stdout.on('data', (text: string) => {
      this.#handled += text.split('.').length - 1;
      this.#onHandled();
    });
  }

  /** Kills it as soon as it has handled so many changes more, which may be in the middle of the next. */
  async killAfter(changes: number): Promise<void> {
    const target = this.#handled + changes;
    await this.#until(() => this.#handled >= target);
    await this.kill();
    this.kills += 1;
    await this.start();
  }

  async kill(): Promise<void> {
    if (this.#child === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }

  untilCovered(position: number): Promise<void> {
    return this.#until(() => (this.noted().at(-1)?.position ?? 0) >= position);
  }

  noted(): Noted[] {
    if (!existsSync(this.#journal)) return [];
    const lines = readFileSync(this.#journal, 'utf8').split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line));
  }

  /** Resolves once it holds; rejects where the process ends by itself. */
  #until(holds: () => boolean): Promise<void> {
    const child = this.#child;
    return new Promise((resolve, reject) => {
      const ended = () => reject(new Error('The consumer has ended by itself.'));
      this.#onHandled = () => {
        if (!holds()) return;
        this.#onHandled = () => undefined;
        child?.off('exit', ended);
        resolve();
      };
      child?.once('exit', ended);
      this.#onHandled();
    });
  }
}
