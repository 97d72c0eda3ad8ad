/** Owns `npm run check`: types, lint and house rules, which are the tests in test/tidy. */
import { reportFailure } from './launch-error.ts';
import { testFilesOf } from './test-files.ts';
import { runGroups } from './test-run.ts';

const TIMEOUT_MS = 120_000;

async function main(): Promise<number> {
  const files = testFilesOf('tidy');
  const group = { files, concurrency: 2, timeoutMs: TIMEOUT_MS };
  return (await runGroups([group], new AbortController().signal)) ? 0 : 1;
}

process.exitCode = await main().catch((error: unknown) =>
  reportFailure(error, (line) => process.stderr.write(line)),
);
if (process.connected) process.disconnect();
