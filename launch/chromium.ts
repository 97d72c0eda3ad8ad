/** Owns finding (or, as root on Debian, installing) a Chromium for the tests of the pages. */
import { findProgram, lastLine, runCommand } from './command.ts';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** Path of a Chromium, or undefined with the reason told: tests of pages then say they need one. */
export async function findChromium(notify: (line: string) => void): Promise<string | undefined> {
  const given = process.env.TEST_CHROMIUM;
  if (given !== undefined) return given;
  const present = findPresent();
  if (present !== undefined) return present;
  if (process.getuid?.() !== 0 || findProgram('apt-get') === undefined) {
    notify('no Chromium for the tests of the pages: install one or set TEST_CHROMIUM');
    return undefined;
  }
  notify('Chromium is missing: installing it for the tests of the pages (once)');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const args = ['install', '-y', '--no-install-recommends', '-q', 'chromium'];
  let result = await runCommand('apt-get', args, { env });
  if (result.code !== 0) {
    await runCommand('apt-get', ['update', '-q'], { env });
    result = await runCommand('apt-get', args, { env });
  }
  if (result.code !== 0) notify(`Chromium could not be installed (${lastLine(result.output)})`);
  return findPresent();
}

function findPresent(): string | undefined {
  return NAMES.map((name) => findProgram(name)).find((path) => path !== undefined);
}
