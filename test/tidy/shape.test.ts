import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { describe, it } from 'node:test';
import { codeOnly, readSources, type Source } from './sources.ts';

/** Hard limits; STYLE §3 aims at half of them. */
const FILE_LINES_MAX = 400;
const FUNCTION_LINES_MAX = 90;
const LINE_CHARS_MAX = 120;

const sources = readSources('.ts', '.mjs').filter(({ path }) => !path.endsWith('.d.ts'));
const production = sources.filter(({ path }) => !path.startsWith('test/'));

/** First lines of functions and methods as the formatter writes them. */
const FUNCTION_HEAD =
  /^(\s*)(?:export )?(?:(?:async )?function\b|(?:static |private |override |async |get |set |\*)*#?[a-z]\w*(?:<[^>]*>)?\([^=]*\)?(?::.*)?\{$)/;
const NOT_FUNCTIONS = /^\s*(if|for|while|switch|return|else|do|try|catch|with|await|throw|new)\b/;

function longFunctions({ path, lines }: Source): string[] {
  return lines.flatMap((line, index) => {
    const [head, indent] = FUNCTION_HEAD.exec(line) ?? [];
    if (head === undefined || NOT_FUNCTIONS.test(line)) return [];
    const length = lines.slice(index + 1).indexOf(`${indent}}`) + 2;
    return length > FUNCTION_LINES_MAX ? [`${path}:${index + 1} is ${length} lines long`] : [];
  });
}

function linesMatching(files: readonly Source[], pattern: RegExp, instead: string): string[] {
  return files.flatMap(({ path, text }) =>
    codeOnly(text)
      .split('\n')
      .map((line, index) => (pattern.test(line) ? `${path}:${index + 1}: ${instead}` : ''))
      .filter((problem) => problem !== ''),
  );
}

describe('files', () => {
  it(`have at most ${FILE_LINES_MAX} lines`, () => {
    const long = sources.filter(({ lines }) => lines.length > FILE_LINES_MAX);
    assert.deepEqual(
      long.map(
        ({ path, lines }) => `${path} has ${lines.length}: split it by what changes together`,
      ),
      [],
    );
  });

  it(`have functions of at most ${FUNCTION_LINES_MAX} lines`, () => {
    assert.deepEqual(production.flatMap(longFunctions), []);
  });

  it(`have lines of at most ${LINE_CHARS_MAX} characters`, () => {
    const problems = production.flatMap(({ path, lines }) =>
      lines.flatMap((line, index) =>
        line.length > LINE_CHARS_MAX ? [`${path}:${index + 1} has ${line.length}`] : [],
      ),
    );
    assert.deepEqual(problems, []);
  });

  it('are named in kebab case for the noun they hold', () => {
    const vague = new Set(['utils', 'util', 'helpers', 'helper', 'misc', 'common-utils']);
    const problems = sources
      .map(({ path }) => path)
      .filter((path) => {
        const [name = ''] = basename(path).split('.');
        return !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) || vague.has(name);
      });
    assert.deepEqual(problems, []);
  });

  it('open by saying what they own', () => {
    const problems = production
      .filter(({ text }) => !/^(#!.*\n)?\/\*\*/.test(text))
      .map(({ path }) => `${path}: begin with a /** … */ that says what the module owns`);
    assert.deepEqual(problems, []);
  });

  it('carry no left-over markers', () => {
    const marker = /\b(TODO|FIXME|XXX|HACK)\b/;
    const own = 'test/tidy/shape.test.ts';
    const problems = readSources('.ts', '.mjs', '.lua', '.md', '.sql', '.html', '.css')
      .filter(({ path }) => path !== own)
      .flatMap(({ path, lines }) =>
        lines.flatMap((line, index) => (marker.test(line) ? [`${path}:${index + 1}`] : [])),
      );
    assert.deepEqual(problems, []);
  });
});

describe('modules', () => {
  it('leave the environment to config', () => {
    // Entry points may hand the whole environment to config, and nothing else.
    const handedOver = /\bload(Demo)?Config\(process\.env\)/g;
    const others = production
      .filter(({ path }) => !/^(config|launch)\//.test(path))
      .map((source) => ({ ...source, text: source.text.replaceAll(handedOver, '') }));
    assert.deepEqual(linesMatching(others, /\bprocess\.env\b/, 'use a field of Config'), []);
  });

  it('log through the logger', () => {
    const quiet = production.filter(({ path }) => !/^(bench|web|dispatch\/sim)\//.test(path));
    assert.deepEqual(linesMatching(quiet, /\bconsole\.\w+/, 'use the logger'), []);
  });

  it('use no any, no compiler silencing, no default exports', () => {
    assert.deepEqual(linesMatching(production, /^export default\b/, 'export by name'), []);
    const silenced = production.flatMap(({ path, lines }) =>
      lines.flatMap((line, index) =>
        /@ts-(ignore|nocheck|expect-error)|biome-ignore-all/.test(line)
          ? [`${path}:${index + 1}`]
          : [],
      ),
    );
    assert.deepEqual(silenced, []);
  });

  it('leave tests without sleeps', () => {
    const tests = sources.filter(({ path }) => path.endsWith('.test.ts'));
    const sleep = /await (delay|sleep|setTimeout)\(/;
    assert.deepEqual(linesMatching(tests, sleep, 'use waitFor or move the clock'), []);
  });
});
