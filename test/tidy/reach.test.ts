import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { describe, it } from 'node:test';
import { projectRoot } from '../../launch/paths.ts';
import { importsOf, listFiles, readSources, type Source, withoutComments } from './sources.ts';

/** Files that a person, a command or another program starts; everything else must be reached. */
const entries: readonly RegExp[] = [
  /^launch\/(waggle\.mjs|start\.ts|test\.ts|check\.ts|audit\.ts)$/,
  /^(services|demo|bench|dispatch\/(sim|mdrp)|sandbox)\/main\.ts$/,
  /^services\/archive\/audit\.ts$/,
  /^bench\/[^/]+\.ts$/,
  /^config\/write-page\.ts$/,
  /^platform\/migrate\.ts$/,
  /^web\/.*\.(html|tsx?)$/,
  /^client\/(index|node|browser)\.ts$/,
  /^contracts\//,
  /^[^/]+\.ts$/,
  /^test\/support\/programs\//,
  /\.test\.ts$/,
];

/** Imports, and paths to files that are loaded by their name (workers, migrations, pages). */
function referencesOf(source: Source): string[] {
  const imported = importsOf(source)
    .filter(({ isOwn }) => isOwn)
    .map(({ target }) => target);
  const named = [...withoutComments(source.text).matchAll(/['"`]([\w./-]+\.(?:ts|mjs))['"`]/g)]
    .map(([, name]) => name ?? '')
    .flatMap((name) => [posix.join(dirname(source.path), name), posix.normalize(name)]);
  return [...imported, ...named];
}

describe('files', () => {
  it('are all used', () => {
    const sources = readSources('.ts', '.mjs');
    const byPath = new Map(sources.map((source) => [source.path, source]));
    const reached = new Set<string>();
    const waiting = [...byPath.keys()].filter((path) => entries.some((entry) => entry.test(path)));
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      const source = byPath.get(path);
      if (source === undefined || reached.has(path)) continue;
      reached.add(path);
      waiting.push(...referencesOf(source));
    }
    // A folder read as a whole (migrations) is used when its reader is.
    const unused = [...byPath.keys()].filter(
      (path) => !reached.has(path) && !/\/migrations\//.test(path),
    );
    assert.deepEqual(unused, []);
  });

  it('are found by every link of the docs', () => {
    const problems = readSources('.md').flatMap(({ path, text }) =>
      [...text.matchAll(/\]\(([^)\s]+)\)/g)]
        .map(([, link]) => link ?? '')
        .filter((link) => !/^([a-z]+:|#)/.test(link))
        .map((link) => link.split('#')[0] ?? '')
        .filter((link) => !existsSync(join(projectRoot, dirname(path), link)))
        .map((link) => `${path} links to ${link}`),
    );
    assert.deepEqual(problems, []);
  });

  it('named in the docs exist', () => {
    const files = new Set(listFiles('.'));
    const folder =
      /^(config|contracts|dispatch|services|platform|client|web|demo|bench|launch|test|docs)\//;
    const problems = readSources('.md').flatMap(({ path, text }) =>
      [...text.matchAll(/`([\w./-]+\.(?:ts|mjs|lua|md|json|yml))`/g)]
        .map(([, name]) => name ?? '')
        .filter((name) => folder.test(name) && !files.has(name))
        .map((name) => `${path} names ${name}`),
    );
    assert.deepEqual(problems, []);
  });
});
