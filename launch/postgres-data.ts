/**
 * Owns where the private PostgreSQL keeps its data, which depends on who may enter which folder.
 * It starts nothing and reads no data.
 */
import { randomBytes } from 'node:crypto';
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const TEMPORARY_PREFIX = 'waggle-postgres-data-';
const TEMPORARY_NOTE = 'postgres.temporary';
const ELSEWHERE_PREFIX = '/var/lib/waggle/postgres-';
const ELSEWHERE_NOTE = 'postgres.folder';

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Where the data lies. Root's server runs as another user, who may be kept out of the checkout by a
 * folder above it (/root); then the data goes to /var/lib, under a name noted in the state folder.
 */
export function chooseDataDir(
  stateDir: string,
  owner: Owner | undefined,
  ephemeral: boolean,
): string {
  if (ephemeral) {
    const folder = mkdtempSync(join(tmpdir(), TEMPORARY_PREFIX));
    writeFileSync(join(stateDir, TEMPORARY_NOTE), folder);
    if (owner !== undefined) chownSync(folder, owner.uid, owner.gid);
    return folder;
  }
  let folder = join(stateDir, 'postgres');
  if (owner !== undefined && !othersCanEnter(stateDir)) {
    const nameFile = join(stateDir, ELSEWHERE_NOTE);
    if (!existsSync(nameFile)) {
      writeFileSync(nameFile, `${ELSEWHERE_PREFIX}${randomBytes(8).toString('hex')}\n`);
    }
    folder = readFileSync(nameFile, 'utf8').trim();
    mkdirSync(dirname(folder), { recursive: true, mode: 0o755 });
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (owner !== undefined) chownSync(folder, owner.uid, owner.gid);
  return folder;
}

/** Removes the temporary data of a server whose launcher was killed before it could. */
export function clearTemporaryData(stateDir: string): void {
  const note = join(stateDir, TEMPORARY_NOTE);
  if (!existsSync(note)) return;
  const folder = readFileSync(note, 'utf8');
  if (folder.startsWith(join(tmpdir(), TEMPORARY_PREFIX))) {
    rmSync(folder, { recursive: true, force: true });
  }
  rmSync(note);
}

function othersCanEnter(folder: string): boolean {
  for (let at = folder; ; at = dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return false;
    if (at === dirname(at)) return true;
  }
}

/** Removes the kept data of this state folder, wherever it lies. */
export function removeDataDir(stateDir: string): void {
  rmSync(join(stateDir, 'postgres'), { recursive: true, force: true });
  const nameFile = join(stateDir, ELSEWHERE_NOTE);
  if (!existsSync(nameFile)) return;
  const folder = readFileSync(nameFile, 'utf8').trim();
  // Only a folder named by us is removed, whatever the note says.
  if (folder.startsWith(ELSEWHERE_PREFIX) && !folder.includes('..')) {
    rmSync(folder, { recursive: true, force: true });
  }
  rmSync(nameFile);
}
