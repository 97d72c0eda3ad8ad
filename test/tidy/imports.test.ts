import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Import, importsOf, readSources, type Source } from './sources.ts';

/**
 * What a folder may import of ours, longest match first. DESIGN §2: contracts ← all; core ← runtime ←
 * redis / memory ← services/dispatch; platform ← services; services never import each other.
 */
const allowed: Readonly<Record<string, readonly string[] | 'anything'>> = {
  contracts: ['contracts'],
  config: ['config', 'contracts'],
  'dispatch/core': ['dispatch/core', 'contracts'],
  'dispatch/runtime': ['dispatch/runtime', 'dispatch/core', 'contracts'],
  'dispatch/memory': ['dispatch/memory', 'dispatch/runtime', 'dispatch/core', 'contracts'],
  'dispatch/routes': ['dispatch/routes', 'dispatch/runtime', 'dispatch/core', 'contracts'],
  'dispatch/redis': [
    ...['dispatch/redis', 'dispatch/routes', 'dispatch/runtime', 'dispatch/core', 'contracts'],
  ],
  'dispatch/shadow': [
    'dispatch/shadow',
    'dispatch/redis',
    'dispatch/runtime',
    'dispatch/core',
    'dispatch/geometry.ts',
    'contracts',
  ],
  'dispatch/audit': ['dispatch/audit', 'dispatch/runtime', 'dispatch/core', 'contracts'],
  'dispatch/sim': ['dispatch', 'contracts'],
  'dispatch/mdrp': ['dispatch', 'contracts'],
  'dispatch/eta': ['dispatch', 'contracts'],
  dispatch: ['contracts', 'dispatch/core'],
  platform: ['platform', 'config', 'contracts', 'dispatch/redis/door.ts'],
  'services/dispatch': ['services/dispatch', 'platform', 'config', 'contracts', 'dispatch'],
  // An audit decides again: it runs the engine on what was kept.
  'services/archive': ['services/archive', 'platform', 'config', 'contracts', 'dispatch'],
  services: ['platform', 'config', 'contracts', ...engineDoors()],
  client: ['client', 'contracts'],
  web: ['web', 'client', 'contracts'],
  sandbox: ['sandbox', 'contracts'],
  demo: ['demo', 'client', 'contracts', 'config/demo.ts', 'dispatch/geometry.ts'],
  bench: 'anything',
  launch: ['launch', 'config', 'contracts', 'web/build.ts', 'test/support/template.ts'],
  test: 'anything',
};

/** The engine's public face: what services and gateways may see of it. */
function engineDoors(): string[] {
  return ['dispatch/geometry.ts', 'dispatch/redis/door.ts', 'dispatch/redis/redis-door.ts'];
}

/** Outside packages a folder may use; a folder not named here may use any. */
const packages: Readonly<Record<string, readonly string[]>> = {
  contracts: ['json-schema-to-ts'],
  config: ['node:fs', 'node:path'],
  'dispatch/core': ['h3-js'],
  'dispatch/runtime': ['node:'],
  'dispatch/memory': ['node:'],
  client: [],
};

/** The one file of the core that may touch the H3 package, and its integer functions. */
const H3_FILE = /^dispatch\/core\/live\/cells\.ts$/;
const H3_INTEGER_FUNCTIONS = new Set([
  'areNeighborCells',
  'cellToCenterChild',
  'cellToChildren',
  'cellToLocalIj',
  'cellToParent',
  'getBaseCellNumber',
  'getResolution',
  'gridDisk',
  'gridDiskDistances',
  'gridDistance',
  'gridPathCells',
  'gridRing',
  'gridRingUnsafe',
  'h3IndexToSplitLong',
  'isPentagon',
  'isValidCell',
  'localIjToCell',
  'splitLongToH3Index',
]);

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

function ruleFor<T>(path: string, rules: Readonly<Record<string, T>>): [string, T] | undefined {
  const matches = Object.entries(rules).filter(([folder]) => isBelow(path, folder));
  return matches.sort(([a], [b]) => b.length - a.length)[0];
}

function ownImportProblem(source: Source, { target }: Import): string | undefined {
  const rule = ruleFor(source.path, allowed);
  if (rule === undefined || rule[1] === 'anything') return undefined;
  const [folder, targets] = rule;
  if (targets.some((each) => isBelow(target, each))) return undefined;
  if (folder === 'services') {
    const [, context] = source.path.split('/');
    // The entry point puts services together; a service knows only its own folder.
    const isEntry = source.path.split('/').length === 2;
    if (isEntry && target === 'moleculer.config.ts') return undefined;
    if (isBelow(target, isEntry ? 'services' : `services/${context}`)) return undefined;
    if (isBelow(target, 'services')) {
      return `${source.path} imports ${target}: services call and emit, they never import each other`;
    }
  }
  return `${source.path} imports ${target}: ${folder} may import only ${targets.join(', ')}`;
}

describe('imports', () => {
  const sources = readSources('.ts', '.tsx').filter(({ path }) => !path.endsWith('.d.ts'));

  it('point one way', () => {
    const problems = sources.flatMap((source) =>
      importsOf(source)
        .filter(({ isOwn }) => isOwn)
        .map((each) => ownImportProblem(source, each))
        .filter((problem) => problem !== undefined),
    );
    assert.deepEqual(problems, []);
  });

  it('use outside packages only where they belong', () => {
    const problems: string[] = [];
    for (const source of sources) {
      const rule = ruleFor(source.path, packages);
      if (rule === undefined) continue;
      const [folder, names] = rule;
      for (const { target, isOwn } of importsOf(source)) {
        const known = names.some((name) => target === name || target.startsWith(name));
        if (!isOwn && !known) problems.push(`${source.path} imports ${target}: not in ${folder}`);
      }
    }
    assert.deepEqual(problems, []);
  });

  it('of the core reach H3 through one file, integer functions only', () => {
    const problems: string[] = [];
    for (const { path, text } of sources) {
      if (!isBelow(path, 'dispatch/core') || !text.includes("from 'h3-js'")) continue;
      if (!H3_FILE.test(path)) problems.push(`${path}: use the H3 wrapper of the core`);
      const [, names = ''] = /import\s*\{([^}]*)\}\s*from 'h3-js'/.exec(text) ?? [];
      for (const name of names.split(',').map((each) => each.trim())) {
        const isType = name.startsWith('type ');
        if (name !== '' && !isType && !H3_INTEGER_FUNCTIONS.has(name)) {
          problems.push(`${path}: ${name} is not an integer operation; it belongs to the edge`);
        }
      }
    }
    assert.deepEqual(problems, []);
  });

  it('form no circle', () => {
    const graph = new Map(
      sources.map((source) => [
        source.path,
        importsOf(source).filter(({ isOwn, typeOnly }) => isOwn && !typeOnly),
      ]),
    );
    const done = new Set<string>();
    const circles: string[] = [];
    const visit = (path: string, trail: readonly string[]): void => {
      const at = trail.indexOf(path);
      if (at >= 0) circles.push([...trail.slice(at), path].join(' → '));
      if (at >= 0 || done.has(path)) return;
      for (const { target } of graph.get(path) ?? []) visit(target, [...trail, path]);
      done.add(path);
    };
    for (const path of graph.keys()) visit(path, []);
    assert.deepEqual(circles, []);
  });
});
