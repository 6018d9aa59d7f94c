import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { unprivileged } from '../../src/db/unprivileged.ts';
import { isRoot, withoutNamespaces } from './without-namespaces.ts';

test.each([
  ['700', '701'],
  ['750', '751'],
  ['2770', '2771'],
  ['1777', '1777'],
])(
  'the folder above what nobody gets, of mode %s, gains the right to pass through alone; without root nothing changes',
  async (mode, then) => {
    const dir = mkdtempSync(join(tmpdir(), 'heliograph-own-'));
    const data = join(dir, 'postgres');
    mkdirSync(data);
    chmodSync(dir, Number.parseInt(mode, 8));
    await withoutNamespaces(() => unprivileged().own(data));
    expect((statSync(dir).mode & 0o7777).toString(8)).toBe(isRoot ? then : mode);
    expect(statSync(data).uid).toBe(isRoot ? 65_534 : process.getuid?.());
    rmSync(dir, { recursive: true, force: true });
  },
);
