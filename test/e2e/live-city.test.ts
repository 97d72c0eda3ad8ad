/** The live page of a real city: every process runs, and a real browser opens the printed link. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Page } from 'playwright-core';
import { projectRoot } from '../../launch/paths.ts';
import { findFreePorts } from '../../launch/ports.ts';
import type { Report } from '../../web/live/report.ts';
import { withFolder } from '../support/folder.ts';
import { cleanUpInReverse } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';
import { complaintsOf, openBrowser, whyNoBrowser } from './browser.ts';

const DRIVERS = 24;
const START_MS_MAX = 40_000;
const SHOWN_MS_MAX = 30_000;

/** A small city by the command a newcomer types; its link. Stopped as Ctrl-C would. */
async function startCity(t: TestContext): Promise<string> {
  const [api, gateway] = await findFreePorts(2);
  const flags = ['--speed', '20', '--drivers', String(DRIVERS), '--orders-per-minute', '120'];
  const child = spawn(process.execPath, [join(projectRoot, 'launch', 'start.ts'), ...flags], {
    env: {
      ...process.env,
      WAGGLE_STATE_DIR: withFolder(t),
      WAGGLE_API_PORT: String(api),
      WAGGLE_GATEWAY_PORT: String(gateway),
      REDIS_URL: '',
      DATABASE_URL: '',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr?.on('data', (chunk) => {
    said += String(chunk);
  });
  const ended = once(child, 'close');
  cleanUpInReverse(t, async () => {
    child.kill('SIGINT');
    await ended;
  });
  return waitFor(
    () => {
      if (child.exitCode !== null) assert.fail(`npm start ended:\n${said}`);
      return /live page: (\S+#token=\S+)/.exec(said)?.[1];
    },
    { timeoutMs: START_MS_MAX, what: 'the link of the live page' },
  );
}

type Shown = Omit<Report, 'driverAt'>;

function shown(page: Page): Promise<Shown> {
  return page.evaluate(() => {
    const { driverAt: _, ...figures } = window.__waggle?.() ?? ({} as Report);
    return figures;
  });
}

const isWhole = (now: Shown): boolean =>
  now.connection === 'live' &&
  now.drivers === DRIVERS &&
  now.deliveries > 0 &&
  now.etas > 0 &&
  now.idleCells > 0 &&
  now.nodes.length === 2 &&
  now.shards === 32;

test('a real city is seen on its live page', { skip: whyNoBrowser() }, async (t) => {
  const link = await startCity(t);
  const browser = await openBrowser();
  cleanUpInReverse(t, () => browser.close());
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const complaints = complaintsOf(page);
  const refused: string[] = [];
  page.on('response', (response) => {
    if (response.status() >= 400) refused.push(`${response.status()} ${response.url()}`);
  });
  await page.goto(link);
  let last: Shown | undefined;
  const whole = waitFor(
    async () => {
      last = await shown(page);
      return isWhole(last);
    },
    { timeoutMs: SHOWN_MS_MAX, intervalMs: 100 },
  );
  await whole.catch((error: Error) => {
    throw new Error(`the page shows ${JSON.stringify(last)}`, { cause: error });
  });
  const panel = (await page.textContent('#panel')) ?? '';
  assert.match(panel, /dispatch-1/);
  assert.match(panel, /dispatch-2/);
  assert.match(panel, /Hive west/);
  assert.match(panel, /speed × 20/);
  assert.doesNotMatch(page.url(), /token/);
  assert.deepEqual(refused, []);
  assert.deepEqual(complaints, []);
});
