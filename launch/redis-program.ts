/**
 * Owns finding (or getting) a Redis server program: PATH first, then Debian's package, installed as
 * root or unpacked into the state folder without it. It starts nothing.
 */
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram, lastLine, runCommand } from './command.ts';
import { LaunchError } from './launch-error.ts';

export interface RedisProgram {
  readonly file: string;
  /** Folder of shared libraries unpacked beside it; left out when the system has them. */
  readonly libraryDir?: string | undefined;
}

/** Packages redis-server links against that a small Debian may lack. */
const DEBIAN_PACKAGES = ['redis-server', 'redis-tools', 'libjemalloc2', 'liblzf1', 'libatomic1'];

const HOW_TO =
  'install Redis 7 or newer (Debian/Ubuntu: `apt-get install redis-server`, ' +
  'Fedora: `dnf install valkey`, macOS: `brew install redis`), or set REDIS_URL to one that runs';

/** The Redis or Valkey program of this machine, installed on the way if need be. */
export async function findRedisProgram(
  stateDir: string,
  notify: (line: string) => void,
): Promise<RedisProgram> {
  const present = findProgram('redis-server') ?? findProgram('valkey-server');
  if (present !== undefined) return { file: present };
  const unpacked = readUnpacked(stateDir);
  if (unpacked !== undefined) return unpacked;
  if (findProgram('apt-get') === undefined) throw new LaunchError(`no Redis found: ${HOW_TO}`);
  notify('Redis is missing: getting it from the system packages (once)');
  if (process.getuid?.() === 0) return installAsRoot();
  return unpackWithoutRoot(stateDir);
}

async function installAsRoot(): Promise<RedisProgram> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  // The package would start a server of its own; in runlevel 1 Debian's scripts leave that out.
  const args = ['install', '-y', '--no-install-recommends', '-q', 'redis-server'];
  let result = await runCommand('apt-get', args, { env: { ...env, RUNLEVEL: '1' } });
  if (result.code !== 0) {
    await runCommand('apt-get', ['update', '-q'], { env });
    result = await runCommand('apt-get', args, { env: { ...env, RUNLEVEL: '1' } });
  }
  const file = findProgram('redis-server');
  if (result.code === 0 && file !== undefined) return { file };
  throw new LaunchError(`no Redis, and apt-get failed (${lastLine(result.output)}): ${HOW_TO}`);
}

async function unpackWithoutRoot(stateDir: string): Promise<RedisProgram> {
  const folder = unpackDir(stateDir);
  const parcels = join(folder, 'parcels');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(parcels, { recursive: true });
  let failure = 'nothing could be downloaded';
  // One call per package: a name unknown to this release must not keep the others from coming.
  for (const name of DEBIAN_PACKAGES) {
    const download = await runCommand('apt-get', ['download', '-q', name], { cwd: parcels });
    if (download.code !== 0) failure = lastLine(download.output);
  }
  for (const parcel of readdirSync(parcels)) {
    const unpack = await runCommand('dpkg', ['-x', join(parcels, parcel), folder]);
    if (unpack.code !== 0) failure = lastLine(unpack.output);
  }
  const program = readUnpacked(stateDir);
  if (program !== undefined) {
    const env = { ...process.env, LD_LIBRARY_PATH: program.libraryDir };
    const works = await runCommand(program.file, ['--version'], { env });
    if (works.code === 0) return program;
    failure = lastLine(works.output);
  }
  rmSync(folder, { recursive: true, force: true });
  throw new LaunchError(`no Redis, and apt-get download failed (${failure}): ${HOW_TO}`);
}

function unpackDir(stateDir: string): string {
  return join(stateDir, 'redis-program');
}

function readUnpacked(stateDir: string): RedisProgram | undefined {
  const folder = unpackDir(stateDir);
  const file = join(folder, 'usr/bin/redis-server');
  if (!existsSync(file)) return undefined;
  const libraries = join(folder, 'usr/lib');
  const triplet = existsSync(libraries)
    ? readdirSync(libraries).find((name) => name.includes('-linux-gnu'))
    : undefined;
  return { file, libraryDir: triplet === undefined ? libraries : join(libraries, triplet) };
}
