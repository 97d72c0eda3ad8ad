#!/usr/bin/env node
/**
 * The front door of every command: `npm start`, `npm test` and the rest come through here.
 *
 * Owns getting from whatever Node a machine has (18 or newer, so plain JavaScript without
 * dependencies) to Node 22 with the packages of the lockfile. What it cannot do it says in one line.
 * It never starts a server, and never installs anything outside the checkout and npm's own cache.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import nodeModule from 'node:module';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** Every command of Waggle: the file that runs it, and what `waggle help` says about it. */
const commands = {
  start: ['launch/start.ts', 'the whole stack and a live city (--seconds, --speed, --replay, …)'],
  test: ['launch/test.ts', 'everything that is tested, or the files named'],
  check: ['launch/check.ts', 'types, lint and house rules'],
  audit: ['launch/audit.ts', 'decides a recorded round again (--zone ZONE --at TIME, --json)'],
  bench: ['bench/main.ts', 'one benchmark by name'],
  sim: ['dispatch/sim/main.ts', 'the seeded simulator (--seed N repeats a failure)'],
  eta: ['dispatch/eta/main.ts', 'scores the learned travel time on recorded trips'],
  mdrp: [
    'dispatch/mdrp/main.ts',
    'meal delivery instances through the core (INSTANCE_DIR…, --out, --json)',
  ],
};

const NODE_MAJOR = 22;
const NODE_MINOR_MIN = 18;
const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const stateDir = resolve(process.env.WAGGLE_STATE_DIR ?? join(root, '.waggle'));
const nodeNote = join(stateDir, 'node-path');
const packagesStamp = join(stateDir, 'packages-stamp');

class Stop extends Error {}

function isRightNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  // Exactly this major: the WebSocket server's binary exists for one major at a time.
  return major === NODE_MAJOR && minor >= NODE_MINOR_MIN;
}

function findOnPath(name) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    if (folder !== '' && existsSync(join(folder, name))) return join(folder, name);
  }
  return undefined;
}

/** Last line of what a program said, because npm's first lines seldom name the reason. */
function reasonOf(result) {
  if (result.error) return result.error.message;
  const lines = `${result.stdout ?? ''}\n${result.stderr ?? ''}`.split('\n');
  const errors = lines.filter(
    (line) => /^npm (ERR!|error)/.test(line) && !/log of this/.test(line),
  );
  const [line = lines.filter((each) => each.trim() !== '').at(-1) ?? 'no output'] = errors;
  return line.replace(/^npm (ERR!|error) (code )?/, '').trim();
}

function findNode22() {
  if (existsSync(nodeNote)) {
    const noted = readFileSync(nodeNote, 'utf8').trim();
    if (existsSync(noted)) return noted;
  }
  if (findOnPath('npx') === undefined) {
    throw new Stop(
      `Node ${process.versions.node} runs, Node ${NODE_MAJOR} is needed, and npm is missing to get ` +
        `it: install npm (Debian/Ubuntu: apt-get install npm), or Node ${NODE_MAJOR} itself`,
    );
  }
  process.stderr.write(`waggle: getting Node ${NODE_MAJOR} (once)\n`);
  const result = spawnSync(
    'npx',
    ['-y', '-p', `node@${NODE_MAJOR}`, 'node', '-p', 'process.execPath'],
    { encoding: 'utf8', cwd: dirname(root), env: withReasons(process.env) },
  );
  const found = (result.stdout ?? '').trim().split('\n').at(-1) ?? '';
  if (result.status !== 0 || !existsSync(found)) {
    throw new Stop(
      `Node ${NODE_MAJOR} could not be downloaded (${reasonOf(result)}): check the network or npm's ` +
        `registry setting, or install Node ${NODE_MAJOR} and start again`,
    );
  }
  mkdirSync(stateDir, { recursive: true });
  writeFileSync(nodeNote, `${found}\n`);
  return found;
}

/** Runs this file again under Node 22. Signals go on to it, and it ends when we end (channel). */
function runUnder(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: withNodeFirst(node),
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']) {
    process.on(signal, () => child.kill(signal));
  }
  child.on('error', (error) => {
    rmSync(nodeNote, { force: true });
    process.stderr.write(`waggle: ${node} could not be run (${error.message}): start again\n`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    process.exit(signal === null ? (code ?? 1) : 1);
  });
}

function withNodeFirst(node) {
  return { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}` };
}

/** `npm start --silent` would keep the npm inside from saying why it failed. */
function withReasons(env) {
  return { ...env, npm_config_loglevel: 'error' };
}

/**
 * Whether every locked package that belongs on this machine is there in its locked version. Read
 * from npm's own list, so a folder installed by hand counts as well.
 */
function packagesMatchLock(lockText) {
  const installedFile = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installedFile)) return false;
  const installed = JSON.parse(readFileSync(installedFile, 'utf8')).packages ?? {};
  return Object.entries(JSON.parse(lockText).packages).every(([path, wanted]) => {
    if (path === '') return true;
    const found = installed[path];
    return found === undefined ? !belongsHere(wanted) : found.version === wanted.version;
  });
}

/** Optional packages are mostly binaries for other platforms; those for this one must be there. */
function belongsHere({ optional, os, cpu, libc, engines }) {
  if (optional !== true) return true;
  if (!os?.includes(process.platform) || !cpu?.includes(process.arch)) return false;
  const [, upTo] = /<(\d+)/.exec(engines?.node ?? '') ?? [];
  if (upTo !== undefined && Number(upTo) <= NODE_MAJOR) return false;
  const [, from] = />=\s*(\d+)/.exec(engines?.node ?? '') ?? [];
  if (from !== undefined && Number(from) > NODE_MAJOR) return false;
  const ownLibc = process.report.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl';
  return libc === undefined || process.platform !== 'linux' || libc.includes(ownLibc);
}

function preparePackages() {
  const lockText = readFileSync(join(root, 'package-lock.json'), 'utf8');
  const hash = createHash('sha256').update(lockText).digest('hex');
  const present = existsSync(join(root, 'node_modules', '.package-lock.json'));
  if (present && existsSync(packagesStamp) && readFileSync(packagesStamp, 'utf8') === hash) return;
  if (!packagesMatchLock(lockText)) {
    installPackages();
    if (!packagesMatchLock(lockText)) {
      throw new Stop(
        'npm left out packages that the lockfile names for this machine: check the network or ' +
          "npm's registry and omit settings, delete node_modules, and start again",
      );
    }
  }
  mkdirSync(stateDir, { recursive: true });
  writeFileSync(packagesStamp, hash);
}

/**
 * `npm ci` refuses a lockfile that lacks optional binaries of other platforms, and a registry may
 * well not carry those. `npm install --no-save` takes the same locked versions and integrity hashes
 * and changes neither file; the caller checks the outcome against the lockfile.
 */
function installPackages() {
  process.stderr.write('waggle: installing the packages of the lockfile (once)\n');
  const flags = ['install', '--no-save', '--ignore-scripts', '--include=dev', '--include=optional'];
  flags.push('--no-audit', '--no-fund', '--loglevel=error');
  const [file, ...args] = npmCommand();
  const result = spawnSync(file, [...args, ...flags], {
    cwd: root,
    encoding: 'utf8',
    env: withReasons(withNodeFirst(process.execPath)),
  });
  if (result.status === 0) return;
  throw new Stop(
    `the packages could not be installed (${reasonOf(result)}): check the network or npm's ` +
      'registry setting (npm config get registry), then start again',
  );
}

/**
 * npm must itself run under Node 22, or it leaves out the binaries made for it. A distribution's npm
 * may be tied to the distribution's own Node; then one from the registry takes its place.
 */
function npmCommand() {
  const npm = findOnPath('npm');
  if (npm === undefined) {
    throw new Stop(
      'npm is missing: install it (Debian/Ubuntu: apt-get install npm) and start again',
    );
  }
  const script = realpathSync(npm);
  const works = spawnSync(process.execPath, [script, '--version'], { encoding: 'utf8' });
  if (works.status === 0 && /^\d+\./.test(works.stdout)) return [process.execPath, script];
  return ['npx', '-y', '-p', 'npm@10', 'npm'];
}

/** Code compiled by one start is ready for the next, in this process and in all it starts. */
function keepCompiled() {
  const directory = process.env.NODE_COMPILE_CACHE ?? join(stateDir, 'compile-cache');
  nodeModule.enableCompileCache(directory);
  process.env.NODE_COMPILE_CACHE = directory;
}

function usage() {
  const lines = Object.entries(commands).map(([name, [, what]]) => `  ${name.padEnd(7)} ${what}`);
  return `usage: npm run <command> [-- options]\n${lines.join('\n')}\n`;
}

async function main() {
  const name = process.argv[2] ?? 'help';
  if (name === 'help' || name === '--help') {
    process.stdout.write(usage());
    return;
  }
  if (!Object.hasOwn(commands, name)) throw new Stop(`there is no command ${name}\n${usage()}`);
  if (!isRightNode()) return runUnder(findNode22());
  preparePackages();
  const [file] = commands[name];
  if (!existsSync(join(root, file)))
    throw new Stop(`${name} is not part of this checkout (${file})`);
  // The command sees its options where it would if it had been started directly.
  process.argv.splice(1, 2, join(root, file));
  process.chdir(root);
  keepCompiled();
  await import(pathToFileURL(join(root, file)).href);
}

main().catch((error) => {
  process.stderr.write(error instanceof Stop ? `waggle: ${error.message}\n` : `${error.stack}\n`);
  process.exitCode = 1;
});
