/** Owns reading the checkout for the house rules: which files there are and what they import. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { projectRoot } from '../../launch/paths.ts';

const SKIPPED = new Set(['node_modules', '.git', '.waggle', 'coverage', 'golden']);

export interface Source {
  /** Path from the root, with slashes. */
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
}

export interface Import {
  /** A path from the root for our own files, else the package's or builtin's name. */
  readonly target: string;
  readonly isOwn: boolean;
  readonly typeOnly: boolean;
}

/** Files of the checkout whose name ends in one of the suffixes. */
export function readSources(...suffixes: string[]): Source[] {
  return listFiles('.')
    .filter((path) => suffixes.some((suffix) => path.endsWith(suffix)))
    .map((path) => {
      const text = readFileSync(join(projectRoot, path), 'utf8');
      return { path, text, lines: text.split('\n') };
    });
}

/** All files of the checkout but packages and what is ignored. */
export function listFiles(folder: string): string[] {
  const entries = readdirSync(join(projectRoot, folder), { withFileTypes: true });
  return entries.flatMap((entry) => {
    if (SKIPPED.has(entry.name)) return [];
    const path = posix.normalize(`${folder}/${entry.name}`);
    return entry.isDirectory() ? listFiles(path) : [path];
  });
}

const IMPORT = /(?:^|\n)\s*(?:import|export)\s+(type\s)?[^'";]*?\bfrom\s+'([^']+)'/g;
const BARE_IMPORT = /(?:^|\n)\s*import\s+'([^']+)'/g;
const DYNAMIC_IMPORT = /\bimport\(\s*'([^']+)'/g;

/** Everything a file imports or re-exports. */
export function importsOf(source: Source): Import[] {
  const found: Import[] = [];
  const add = (specifier: string, typeOnly: boolean): void => {
    const isOwn = specifier.startsWith('.');
    const target = isOwn ? posix.join(dirname(source.path), specifier) : specifier;
    found.push({ target, isOwn, typeOnly });
  };
  for (const [, type, specifier] of source.text.matchAll(IMPORT)) {
    if (specifier !== undefined) add(specifier, type !== undefined);
  }
  for (const pattern of [BARE_IMPORT, DYNAMIC_IMPORT]) {
    for (const [, specifier] of source.text.matchAll(pattern)) {
      if (specifier !== undefined) add(specifier, false);
    }
  }
  return found;
}

/** The text without comments; strings stay. Good enough for formatted code, not a parser. */
export function withoutComments(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '))
    .replace(/(^|[\s;,{}()[\]])\/\/[^\n]*/g, '$1');
}

/** The text without comments, strings and regular expressions: only what runs. */
export function codeOnly(text: string): string {
  return withoutComments(text)
    .replace(/'(?:[^'\\\n]|\\.)*'/g, "''")
    .replace(/"(?:[^"\\\n]|\\.)*"/g, '""')
    .replace(/`(?:[^`\\$]|\\.|\$(?!\{))*`/g, '``');
}
