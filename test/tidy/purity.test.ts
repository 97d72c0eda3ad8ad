import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { codeOnly, readSources } from './sources.ts';

/** What would make the core depend on anything but state, input and time; and what to use instead. */
const banned: readonly (readonly [RegExp, string])[] = [
  [/\bDate\b/, 'zone time comes with the input'],
  [/\bperformance\b/, 'zone time comes with the input'],
  [/\bMath\.random\b/, 'draw from a named stream'],
  [/\bcrypto\b/, 'ids derive from the log position'],
  [
    /\bMath\.(pow|exp|expm1|log\w*|cbrt|hypot|sinh?|cosh?|tanh?|a(sin|cos|tan)h?|atan2)\b/,
    'integers',
  ],
  [/[\w)\]]\s*\*\*=?\s*[\w(]/, 'multiply instead'],
  [/\bIntl\b|toLocale\w+|localeCompare/, 'compare code units'],
  [/\b(setTimeout|setInterval|setImmediate|queueMicrotask)\b/, 'commit a zone timer'],
  [/\bprocess\b/, 'pass what is needed in'],
  [/\b(Promise|async|await)\b/, 'the step runs to completion'],
  [/\b(WeakRef|WeakMap|WeakSet|FinalizationRegistry)\b/, 'hold by slot or id'],
  [/\bglobalThis\b/, 'pass what is needed in'],
  [/\b(fetch|require|eval)\s*\(/, 'effects are data'],
  [/\bconsole\b/, 'effects are data'],
];

describe('the core', () => {
  const sources = readSources('.ts').filter(({ path }) => path.startsWith('dispatch/core/'));

  for (const [pattern, instead] of banned) {
    it(`never uses ${pattern.source} (${instead})`, () => {
      const problems = sources.flatMap(({ path, text }) =>
        codeOnly(text)
          .split('\n')
          .map((line, index) => (pattern.test(line) ? `${path}:${index + 1} ${line.trim()}` : ''))
          .filter((problem) => problem !== ''),
      );
      assert.deepEqual(problems, []);
    });
  }

  it('has no non-null assertions', () => {
    const problems = sources.flatMap(({ path, text }) =>
      codeOnly(text)
        .split('\n')
        .map((line, index) => (/[\w)\]]!(?!=)/.test(line) ? `${path}:${index + 1}` : ''))
        .filter((problem) => problem !== ''),
    );
    assert.deepEqual(problems, []);
  });
});
