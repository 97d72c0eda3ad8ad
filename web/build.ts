/**
 * Owns turning web/ into files a browser can load: bundled, minified, named by their content, with
 * nothing inline, so that a strict content security policy holds. It must never reach the network.
 *
 * A build is skipped while everything it read is unchanged, so callers may build at every start.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const projectDir = dirname(dirname(fileURLToPath(import.meta.url)));
/** Everything a page may import, beside packages (the lockfile stands for those). */
const SOURCE_DIRS = ['web', 'client', 'contracts'];
const STAMP_FILE = '.stamp';
const WORKER_SOURCE = 'node_modules/maplibre-gl/dist/maplibre-gl-worker.mjs';

/**
 * The policy written into the page. An operator may send a tighter header: `connect-src` can name the
 * gateway alone, and `img-src` nothing but `'self' data:` when there is no tile style.
 */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob: https: http:",
  "connect-src 'self' ws: wss: https: http:",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

export interface BuiltWeb {
  /** False when the directory was up to date. */
  readonly built: boolean;
  readonly outDir: string;
  readonly elapsedMs: number;
}

function contentHash(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 10);
}

async function sourceFiles(directory: string): Promise<string[]> {
  if (!existsSync(directory)) return [];
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map((entry) => join(entry.parentPath, entry.name)).sort();
}

/** A hash of every source, its path and the lockfile: what the build depends on. */
async function sourceStamp(): Promise<string> {
  const hash = createHash('sha256');
  const lists = await Promise.all(SOURCE_DIRS.map((name) => sourceFiles(join(projectDir, name))));
  for (const file of [...lists.flat(), join(projectDir, 'package-lock.json')]) {
    const content = await readFile(file);
    hash.update(`${relative(projectDir, file)}\0${content.byteLength}\0`).update(content);
  }
  return hash.digest('hex');
}

async function copyNamed(source: string, outDir: string, name: string): Promise<string> {
  const content = await readFile(join(projectDir, source));
  const dot = name.lastIndexOf('.');
  const named = `${name.slice(0, dot)}-${contentHash(content)}${name.slice(dot)}`;
  await writeFile(join(outDir, named), content);
  return named;
}

async function bundle(outDir: string): Promise<void> {
  const worker = await copyNamed(WORKER_SOURCE, outDir, 'map-worker.js');
  const icon = await copyNamed('web/live/icon.svg', outDir, 'icon.svg');
  const result = await build({
    absWorkingDir: projectDir,
    entryPoints: ['web/live/main.ts', 'web/live/live.css'],
    outdir: outDir,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    entryNames: 'live-[hash]',
    metafile: true,
    legalComments: 'linked',
    logLevel: 'silent',
    define: { MAP_WORKER_FILE: JSON.stringify(worker), 'process.env.NODE_ENV': '"production"' },
  });
  const made = Object.entries(result.metafile.outputs);
  const outputOf = (source: string): string => {
    const found = made.find(([, output]) => output.entryPoint === source);
    if (!found) throw new Error(`The bundler made nothing of ${source}.`);
    return basename(found[0]);
  };
  const values: Record<string, string> = {
    policy: PAGE_POLICY,
    icon,
    styles: outputOf('web/live/live.css'),
    script: outputOf('web/live/main.ts'),
  };
  const template = await readFile(join(projectDir, 'web/live/index.html'), 'utf8');
  const page = template.replace(/\{\{(\w+)\}\}/g, (_, name: string) => values[name] ?? '');
  await writeFile(join(outDir, 'index.html'), page);
}

async function isCurrent(outDir: string, stamp: string): Promise<boolean> {
  const written = await readFile(join(outDir, STAMP_FILE), 'utf8').catch(() => '');
  return written === stamp && existsSync(join(outDir, 'index.html'));
}

/**
 * Builds the pages into a directory, unless they are there already. The directory is replaced as a
 * whole, so that a server never sends half a build; two builds at once do not disturb each other.
 */
export async function buildWeb(outDir: string): Promise<BuiltWeb> {
  const startMs = performance.now();
  const target = resolve(outDir);
  const answer = (built: boolean): BuiltWeb => {
    return { built, outDir: target, elapsedMs: Math.round(performance.now() - startMs) };
  };
  const stamp = await sourceStamp();
  if (await isCurrent(target, stamp)) return answer(false);
  await mkdir(dirname(target), { recursive: true });
  const fresh = await mkdtemp(`${target}-`);
  // mkdtemp keeps others out, but the server of the pages may run as another user.
  await chmod(fresh, 0o755);
  try {
    await bundle(fresh);
    await writeFile(join(fresh, STAMP_FILE), stamp);
    const old = `${fresh}-old`;
    await rename(target, old).catch(() => undefined);
    // Losing this race means that another build of the same sources is in place already.
    await rename(fresh, target).catch(async (error: unknown) => {
      if (!(await isCurrent(target, stamp))) throw error;
    });
    await rm(old, { recursive: true, force: true });
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return answer(true);
}

export interface PageAddresses {
  /** WebSocket address of the gateway, with its path. */
  readonly gatewayUrl: string;
  /** MapLibre style of a base map; left out: none is drawn. */
  readonly styleUrl?: string;
}

/** Writes what the page asks for when it starts. The server of the pages calls it once. */
export async function writePageConfig(outDir: string, addresses: PageAddresses): Promise<void> {
  const file = join(resolve(outDir), 'config.json');
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, JSON.stringify(addresses));
  await rename(draft, file);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { built, outDir, elapsedMs } = await buildWeb(process.argv[2] ?? '.waggle/web');
  process.stdout.write(`${outDir} ${built ? 'built' : 'up to date'} in ${elapsedMs} ms\n`);
}
