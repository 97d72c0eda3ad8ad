/** Owns which files are tests, and to which group each belongs: the folder below test/ says it. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { LaunchError } from './launch-error.ts';
import { projectRoot } from './paths.ts';

export const testFolders = ['tidy', 'unit', 'contract', 'integration', 'e2e'] as const;
export type TestFolder = (typeof testFolders)[number];

const SUFFIX = '.test.ts';
/** Files that take a tenth of the run and more, however little the rest has to do. */
const LONG = ['integration/order-saga-crash', 'integration/order-saga', 'unit/runtime-simulation'];

/** All test files of one folder, sorted; absolute paths. */
export function testFilesOf(folder: TestFolder): string[] {
  return filesBelow(join(projectRoot, 'test', folder));
}

/** The test files that paths on the command line mean: files as they are, folders in full. */
export function namedTestFiles(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    const absolute = resolve(path);
    if (!existsSync(absolute)) throw new LaunchError(`there is no test file or folder ${path}`);
    const files = statSync(absolute).isDirectory() ? filesBelow(absolute) : [absolute];
    if (files.length === 0) throw new LaunchError(`no file in ${path} ends in ${SUFFIX}`);
    return files;
  });
}

/** The same files with those that take long in front, so that none of them is still alone at the end. */
export function longestFirst(files: readonly string[]): string[] {
  const isLong = (file: string): boolean =>
    LONG.some((name) => file === join(projectRoot, 'test', `${name}${SUFFIX}`));
  return [...files.filter(isLong), ...files.filter((file) => !isLong(file))];
}

/** The folder below test/ that a file lies in; a file elsewhere counts as a unit test. */
export function testFolderOf(file: string): TestFolder {
  const first = relative(join(projectRoot, 'test'), file).split(sep)[0];
  return testFolders.find((folder) => folder === first) ?? 'unit';
}

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith(SUFFIX))
    .sort()
    .map((name) => join(folder, name));
}
