/**
 * Where files of people are kept (papers of drivers, proofs of delivery): a port, and its adapter on a
 * local folder. Owns names, sizes and what a file really is; never who may read it.
 *
 * A name is random and is written once: a second upload to it changes nothing. What the content is
 * decides its type, never what the sender says.
 */
import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { WaggleError } from '../../contracts/errors.ts';
import { SNIFF_BYTES, sniff } from './sniff.ts';

/** What a file may be. */
export interface FileBounds {
  readonly bytesMax: number;
  /** The one type it must be by its content. */
  readonly contentType: string;
}

export interface StoredFile {
  readonly bytes: number;
  readonly open: () => Readable;
}

export interface FileStore {
  /**
   * Takes a file in. Throws `request.too_large`, or `request.invalid` for content of another type; then
   * nothing is kept.
   */
  put(name: string, content: AsyncIterable<Uint8Array>, bounds: FileBounds): Promise<void>;
  get(name: string): Promise<StoredFile | undefined>;
  /** Safe to call twice. */
  delete(name: string): Promise<void>;
}

const NAME = /^[a-z]{1,16}-[0-9a-f]{32}$/;

/** A name that nobody can guess; `kind` only tells people what lies there. */
export function newFileName(kind: string): string {
  return `${kind}-${randomBytes(16).toString('hex')}`;
}

/** Files in one folder, spread over 256 below it. The folder is made at the first upload. */
export function openFolderStore(folder: string): FileStore {
  const pathOf = (name: string): string => {
    if (!NAME.test(name)) throw new WaggleError('resource.not_found');
    return join(folder, name.slice(-2), name);
  };
  return {
    async put(name, content, bounds) {
      const path = pathOf(name);
      await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
      const part = `${path}.${randomBytes(6).toString('hex')}`;
      try {
        await writeBounded(part, content, bounds);
        await link(part, path).catch((error: NodeJS.ErrnoException) => {
          if (error.code !== 'EEXIST') throw error;
        });
      } finally {
        await rm(part, { force: true });
      }
    },
    async get(name) {
      const path = pathOf(name);
      const found = await stat(path).catch(() => undefined);
      return found && { bytes: found.size, open: () => createReadStream(path) };
    },
    async delete(name) {
      await rm(pathOf(name), { force: true });
    },
  };
}

async function writeBounded(
  path: string,
  content: AsyncIterable<Uint8Array>,
  { bytesMax, contentType }: FileBounds,
): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    let bytes = 0;
    let head = new Uint8Array(0);
    for await (const chunk of content) {
      bytes += chunk.length;
      if (bytes > bytesMax) throw new WaggleError('request.too_large');
      if (head.length < SNIFF_BYTES) head = Buffer.concat([head, chunk]).subarray(0, SNIFF_BYTES);
      await file.write(chunk);
    }
    if (sniff(head) !== contentType) {
      throw new WaggleError('request.invalid', 'the file is not what it was said to be', [
        { field: '', expected: contentType },
      ]);
    }
    await file.sync();
  } finally {
    await file.close();
  }
}
