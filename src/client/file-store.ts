import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UsageError } from './errors.ts';
import type { PositionStore } from './follow.ts';

/**
 * Stores a position in a file. It writes a second file and renames it, so that after any crash the file holds the old
 * or the new position. A file with other content is refused, because beginning again would lose or repeat changes.
 */
export function fileStore(path: string): PositionStore {
  return {
    async load() {
      let text: string;
      try {
        text = await readFile(path, 'utf8');
      } catch (error) {
        if (Object(error).code === 'ENOENT') return undefined;
        throw error;
      }
      const position = /^\d{1,16}\s*$/.test(text) ? Number(text) : Number.NaN;
      if (Number.isSafeInteger(position)) return position;
      throw new UsageError(`${path} does not hold a position of the log. Remove it to begin anew.`);
    },
    async save(position) {
      const written = `${path}.${randomBytes(6).toString('hex')}.tmp`;
      await mkdir(dirname(path), { recursive: true });
      try {
        await writeFile(written, `${position}\n`, { flush: true });
        await rename(written, path);
      } catch (error) {
        await unlink(written).catch(() => undefined);
        throw error;
      }
    },
  };
}
