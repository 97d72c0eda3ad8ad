/** What a word is, and what counts as one: typing errors, beginnings, readings of a question. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Dictionary } from '../../services/search/model/dictionary.ts';
import { readingNamed, relaxed, repairsOf } from '../../services/search/readings.ts';
import { exchanges, isOneErrorApart, isTypoOf } from '../../services/search/typing-errors.ts';
import { askedWords, wordsOf } from '../../services/search/words.ts';

const LETTERS = 'abcdeéж';
const word = (minLength: number) =>
  fc.string({ unit: fc.constantFrom(...LETTERS), minLength, maxLength: 12 });

/** Everything that one typing error makes of a word. */
function misspellings(text: string): string[] {
  const made: string[] = [...exchanges(text)];
  for (let at = 0; at <= text.length; at++) {
    const [before, after] = [text.slice(0, at), text.slice(at)];
    made.push(before + after.slice(1));
    for (const letter of LETTERS)
      made.push(before + letter + after, before + letter + after.slice(1));
  }
  return made.filter((each) => each !== text);
}

/** Letters to insert, leave out, replace or exchange between two words: the slow way. */
function distance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, n) => n)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const at = (r: number, c: number): number => (r === i ? row[c] : rows[r]?.[c]) ?? 99;
      const change = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isExchange = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const exchange = isExchange ? at(i - 2, j - 2) + 1 : 99;
      row[j] = Math.min(at(i - 1, j) + 1, (row[j - 1] as number) + 1, change, exchange);
    }
    rows.push(row);
  }
  return rows[a.length]?.[b.length] ?? 99;
}

describe('typing errors', () => {
  test('every word with one error is one error apart', () => {
    fc.assert(
      fc.property(word(1), (text) => {
        for (const each of misspellings(text)) assert.ok(isOneErrorApart(text, each), each);
      }),
      { numRuns: 50 },
    );
  });

  test('are counted as the slow way counts them', () => {
    const near = word(1).chain((text) =>
      fc.tuple(fc.constant(text), fc.constantFrom(...misspellings(text)), fc.nat(200)),
    );
    fc.assert(
      fc.property(near, word(0), ([text, once, pick], other) => {
        const again = misspellings(once);
        const twice = again[pick % Math.max(1, again.length)] ?? once;
        for (const each of [once, twice, other]) {
          assert.equal(isOneErrorApart(text, each), distance(text, each) === 1, `${text} ${each}`);
        }
      }),
    );
  });

  test('any one error in any word known still finds it in the dictionary', () => {
    fc.assert(
      fc.property(fc.array(word(3), { minLength: 1, maxLength: 20 }), (known) => {
        const dictionary = new Dictionary();
        const numbers = known.map((each) => dictionary.add(each));
        known.forEach((each, n) => {
          for (const asked of misspellings(each)) {
            const found = dictionary.typosOf(asked);
            const expected = known.filter((other) => isTypoOf(asked, other));
            const number = numbers[n] as number;
            assert.equal(found.includes(number), asked.length >= 3 && expected.includes(each));
            assert.equal(found.length, new Set(expected).size);
          }
        });
      }),
      { numRuns: 40 },
    );
  });
});

describe('the dictionary', () => {
  test('finds all longer words that begin so, and no others, while it grows', () => {
    fc.assert(
      fc.property(fc.array(word(1), { maxLength: 40 }), word(1), (words, beginning) => {
        const dictionary = new Dictionary();
        const texts = new Map<number, string>();
        words.forEach((each, n) => {
          texts.set(dictionary.add(each), each);
          // Asked in between, so that what was sorted is added to.
          if (n % 7 === 0) dictionary.eachBeginningWith('a', () => {});
        });
        const found = new Set<string | undefined>();
        dictionary.eachBeginningWith(beginning, (number) => found.add(texts.get(number)));
        const expected = words.filter((each) => each.startsWith(beginning) && each !== beginning);
        assert.deepEqual(found, new Set(expected));
      }),
    );
  });
});

describe('words', () => {
  test('are letters and digits only, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        for (const each of wordsOf(text, 20)) assert.match(each, /^[\p{L}\p{N}]{1,32}$/u);
      }),
    );
  });

  test('are read alike with and without marks, apostrophes and case', () => {
    assert.deepEqual(wordsOf("CAFÉ Joe's Smørrebrød & Weißwurst", 9), [
      ...['cafe', 'joes', 'smorrebrod', 'weisswurst'],
    ]);
    assert.deepEqual(askedWords("'; DROP TABLE x; --"), ['drop', 'table', 'x']);
    assert.equal(askedWords('a b c d e f g h i j').length, 8);
    assert.deepEqual(askedWords('!!! ???'), []);
  });
});

describe('readings', () => {
  test('repair a space that was forgotten, typed too much, or hit beside', () => {
    const joins = repairsOf(['gol', 'den', 'fork']).map(({ pieces }) => pieces.join('+'));
    assert.ok(joins.includes('golden'));
    const splits = repairsOf(['goldenxfork']).map(({ pieces }) => pieces.join('+'));
    assert.ok(splits.includes('golden+fork'));
    assert.ok(repairsOf(['goldenfork']).some(({ pieces }) => pieces.join('+') === 'golden+fork'));
  });

  test('are found again by the name that a cursor has', () => {
    const words = ['goldenfork', 'noodle', 'bar'];
    for (const { reading } of repairsOf(words)) {
      assert.deepEqual(readingNamed(words, reading.code), reading);
    }
    assert.deepEqual(readingNamed(words, 'relaxed'), relaxed(words));
    assert.equal(readingNamed(words, 'nonsense'), null);
    assert.equal(relaxed(['one']), null);
  });
});
