import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LaunchError } from '../../launch/launch-error.ts';
import { cityArguments, readStartOptions } from '../../launch/start-options.ts';

describe('options of start', () => {
  it('are all optional', () => {
    const options = readStartOptions([]);
    assert.equal(options.seconds, undefined);
    assert.equal(options.json, false);
    assert.deepEqual(options.kills, []);
  });

  it('are handed on to the city in the same words', () => {
    const argv = ['--seconds', '60', '--json', '--speed', '5', '--drivers', '40'];
    const kills = ['--kill', 'dispatch@20', '--kill', 'gateway@25.5'];
    const handedOn = cityArguments(readStartOptions([...argv, ...kills]));
    for (const word of [...argv, ...kills]) assert.ok(handedOn.includes(word), word);
  });

  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [['--seconds', 'soon'], /^--seconds soon: expected a number/],
    [['--seconds', '0'], /^--seconds 0: expected a number from 1/],
    [['--speed', '5000'], /^--speed 5000: expected a number from 0.1 to 1000$/],
    [['--speed', ''], /^--speed : expected/],
    [['--drivers', '1.5'], /^--drivers 1.5: expected a whole number$/],
    [['--kill', 'dispatch'], /^--kill dispatch: expected NAME@SECONDS/],
    [['--replay', '/no/such/day'], /^--replay \/no\/such\/day: there is no such folder$/],
    [['--sped', '3'], /--sped/],
    [['stray'], /stray/],
  ];
  for (const [argv, expected] of wrong) {
    it(`refuse "${argv.join(' ')}" with one line that names it`, () => {
      assert.throws(
        () => readStartOptions(argv),
        (error: unknown) => {
          assert.ok(error instanceof LaunchError);
          assert.match(error.message, expected);
          assert.ok(!error.message.includes('\n'));
          return true;
        },
      );
    });
  }
});
