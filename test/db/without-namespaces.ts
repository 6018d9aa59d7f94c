import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const isRoot = process.getuid?.() === 0;

/** Acts where the system seems to allow no user namespaces: another `unshare` stands first in the search path. */
export async function withoutNamespaces<T>(act: () => T | Promise<T>): Promise<T> {
  const tools = mkdtempSync(join(tmpdir(), 'heliograph-tools-'));
  writeFileSync(join(tools, 'unshare'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  const path = process.env.PATH;
  process.env.PATH = `${tools}:${path}`;
  try {
    return await act();
  } finally {
    process.env.PATH = path;
    rmSync(tools, { recursive: true, force: true });
  }
}

/** Whether nobody may pass to where packages lie, and so can run the server's program. */
export function nobodyReachesPackages(): boolean {
  const file = createRequire(import.meta.url).resolve('pg');
  const test = ['-c', 'test -r "$1"', 'sh', file];
  return spawnSync('sh', test, { uid: 65_534, gid: 65_534, cwd: '/' }).status === 0;
}
