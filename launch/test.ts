/**
 * Owns `npm test`: one throw-away Redis and PostgreSQL for the whole run, then every test file (or the
 * ones named), the end-to-end ones last and one at a time. Node's own closing lines end the output.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createTemplate } from '../test/support/template.ts';
import { findChromium } from './chromium.ts';
import { reportFailure } from './launch-error.ts';
import { applyMigrationsTo } from './migrations.ts';
import { defaultStateDir } from './paths.ts';
import { forgetPostgres, startPostgres } from './postgres.ts';
import { forgetRedis, startRedis } from './redis.ts';
import { listenForStop } from './stop-signal.ts';
import {
  longestFirst,
  namedTestFiles,
  type TestFolder,
  testFilesOf,
  testFolderOf,
} from './test-files.ts';
import { runGroups, type TestGroup } from './test-run.ts';

const RUN_PREFIX = 'test-';
const TIMEOUT_MS = 180_000;
const E2E_TIMEOUT_MS = 300_000;

function say(line: string): void {
  process.stderr.write(`waggle: ${line}\n`);
}

async function main(): Promise<number> {
  const paths = process.argv.slice(2);
  const named = paths.length === 0 ? undefined : namedTestFiles(paths);
  const filesOf = (folder: TestFolder): string[] =>
    named === undefined
      ? testFilesOf(folder)
      : named.filter((file) => testFolderOf(file) === folder);
  const stop = listenForStop();
  const abort = new AbortController();
  void stop.requested.then(() => abort.abort());
  try {
    return await runTests(filesOf, abort.signal);
  } finally {
    stop.release();
  }
}

async function runTests(
  filesOf: (folder: TestFolder) => string[],
  signal: AbortSignal,
): Promise<number> {
  const stateDir = join(defaultStateDir(), `${RUN_PREFIX}${process.pid}`);
  await sweepEarlierRuns();
  mkdirSync(stateDir, { recursive: true });
  const stores = startTestStores(stateDir);
  const browser = filesOf('e2e').length === 0 ? Promise.resolve() : provideChromium();
  try {
    const groups: TestGroup[] = [
      { files: filesOf('tidy'), concurrency: 2, timeoutMs: TIMEOUT_MS },
      {
        files: longestFirst([
          ...filesOf('integration'),
          ...filesOf('unit'),
          ...filesOf('contract'),
        ]),
        // Twice two cores: integration tests wait for their servers half of the time.
        concurrency: 4,
        timeoutMs: TIMEOUT_MS,
        ready: stores.ready,
      },
      { files: filesOf('e2e'), concurrency: 1, timeoutMs: E2E_TIMEOUT_MS, ready: browser },
    ];
    return (await runGroups(groups, signal)) ? 0 : 1;
  } finally {
    await stores.stop();
    rmSync(stateDir, { recursive: true, force: true });
  }
}

interface TestStores {
  readonly ready: Promise<void>;
  stop(): Promise<void>;
}

/** Starts both stores and tells the test files of them through the environment. */
function startTestStores(stateDir: string): TestStores {
  const redis = startRedis({ stateDir, ephemeral: true, notify: say });
  const postgres = startPostgres({ stateDir, ephemeral: true });
  const ready = (async () => {
    process.env.TEST_REDIS_URL = (await redis).url;
    const { url } = await postgres;
    process.env.TEST_DATABASE_TEMPLATE = await createTemplate(url, applyMigrationsTo);
    process.env.TEST_DATABASE_URL = url;
  })();
  // A failure is reported where the group waits for it; until then it must not end the process.
  ready.catch(() => {});
  const stop = async (): Promise<void> => {
    const outcomes = await Promise.allSettled([redis, postgres]);
    const running = outcomes.filter((outcome) => outcome.status === 'fulfilled');
    await Promise.all(running.map(({ value }) => value.stop()));
  };
  return { ready, stop };
}

async function provideChromium(): Promise<void> {
  const chromium = await findChromium(say);
  if (chromium !== undefined) process.env.TEST_CHROMIUM = chromium;
}

/** Clears what killed runs left; a run that still goes on says so and is left alone. */
async function sweepEarlierRuns(): Promise<void> {
  mkdirSync(defaultStateDir(), { recursive: true });
  const names = readdirSync(defaultStateDir()).filter((name) => /^test-\d+$/.test(name));
  for (const name of names) {
    const folder = join(defaultStateDir(), name);
    try {
      await forgetRedis(folder);
      await forgetPostgres(folder);
      rmSync(folder, { recursive: true, force: true });
    } catch {
      // In use by another run, which removes it at its own end.
    }
  }
}

process.exitCode = await main().catch((error: unknown) =>
  reportFailure(error, (line) => process.stderr.write(line)),
);
