import { mkdtemp, readdir, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ConsoleBundle } from '../../src/bundle/build-console.ts';
import { BundleCache } from '../../src/bundle/bundle-cache.ts';

const bundle: ConsoleBundle = {
  assets: new Map([
    ['a.js', { contentType: 'text/javascript', plain: Buffer.from('1'), brotli: undefined, gzip: undefined }],
  ]),
  script: 'a.js',
  style: undefined,
  preloads: [],
  views: {},
};

test('a kept bundle is found again, and a damaged one counts as none', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'heliograph-'));
  const cache = new BundleCache(dataDir);
  const { name, bundle: none } = await cache.find({});
  expect(none).toBeUndefined();
  if (name === undefined) throw new Error('no name');
  await cache.keep(name, bundle);
  expect((await cache.find({})).bundle?.script).toBe('a.js');
  expect((await cache.find({ production: true })).bundle).toBeUndefined();
  const [file = ''] = await readdir(join(dataDir, 'console'));
  for (const bytes of [10, 0]) {
    await truncate(join(dataDir, 'console', file), bytes);
    expect((await cache.find({})).bundle).toBeUndefined();
  }
});
