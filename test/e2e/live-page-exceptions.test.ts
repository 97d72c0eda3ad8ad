/** The exceptions panel of the live page in a real browser, worked without a mouse. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import type { Exception } from '../../contracts/api/exceptions.ts';
import { derivedId, newId, type UserId } from '../../contracts/ids.ts';
import { DELIVERY_PROBLEMS, type DeliveryProblem } from '../../contracts/problems.ts';
import type { DeliveryState } from '../../contracts/states.ts';
import { buildWeb } from '../../web/build.ts';
import { waitFor } from '../support/wait-for.ts';
import { complaintsOf, openBrowser, whyNoBrowser } from './browser.ts';
import { CENTRE, MadeUpCity } from './live-page-city.ts';
import { PageServer } from './live-page-server.ts';

const MINUTE_MS = 60_000;
const skip = whyNoBrowser();
const ME: UserId = newId('user');
const COLLEAGUE: UserId = newId('user');
const ENDS = Math.floor(Date.now() / 1000) + 900;

let browser: Browser;
let webDir: string;

before(async () => {
  if (skip) return;
  webDir = join(await mkdtemp(join(tmpdir(), 'waggle-live-')), 'web');
  await buildWeb(webDir);
  browser = await openBrowser();
});

after(async () => {
  if (skip) return;
  await browser.close();
  await rm(join(webDir, '..'), { recursive: true, force: true });
});

/** A token as the page can read it; nobody checks its signature here. */
function tokenOf(scope: 'access' | 'view'): string {
  const claims = { sub: ME, scope, exp: ENDS };
  return `x.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`;
}

interface Stage {
  readonly page: Page;
  readonly server: PageServer;
  readonly city: MadeUpCity;
  readonly queue: Exception[];
  readonly complaints: string[];
}

async function onStage(
  run: (stage: Stage) => Promise<void>,
  scope: 'access' | 'view' = 'access',
): Promise<void> {
  const city = new MadeUpCity({ drivers: 60, deliveries: 20 });
  const queue: Exception[] = [];
  const server = new PageServer({
    webDir,
    zones: { items: [{ id: city.zone, name: 'Old Town', polygon: city.polygon() }] },
    speed: 1,
    zoneMs: () => city.atMs,
    exceptions: queue,
  });
  await server.listen();
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const complaints = complaintsOf(page);
  const open = (): Promise<unknown> => {
    const at = `${CENTRE.lat},${CENTRE.lon},11.5`;
    const path = `#token=${tokenOf(scope)}&at=${at}`;
    return page.goto(`http://127.0.0.1:${server.port}/${path}`);
  };
  fill({ city, queue });
  try {
    await open();
    await run({ page, server, city, queue, complaints });
  } finally {
    await page.close();
    server.close();
  }
}

const KINDS: readonly (readonly [DeliveryProblem, DeliveryState, number, UserId | null])[] = [
  ['unassigned_too_long', 'pending', 24, null],
  ['vendor_late', 'at_pickup', 11, COLLEAGUE],
  ['customer_unreachable', 'at_dropoff', 3, ME],
  ['stalled', 'assigned', -2, null],
  ['driver_silent_with_parcel', 'picked_up', -9, null],
];

/** Five exceptions on deliveries of the city, the latest first. */
function fill({ city, queue }: Pick<Stage, 'city' | 'queue'>): void {
  queue.length = 0;
  KINDS.forEach(([kind, state, lateMinutes, owner], n) => {
    const delivery = city.deliveries[n];
    if (!delivery) return;
    const [lat, lon] = delivery.p;
    const [toLat, toLon] = delivery.q;
    const timeText = (ms: number): string => new Date(ms).toISOString();
    const isWaiting = kind === 'customer_unreachable';
    queue.push({
      ...{ id: derivedId('exception', { atMs: 5, zoneHash: 1, counter: n }), kind },
      ...{ title: DELIVERY_PROBLEMS[kind], delivery: delivery.id, zone: city.zone },
      ...{ state, driver: delivery.drv, about: delivery.drv, owner },
      ...{ since: timeText(city.atMs - (n + 2) * MINUTE_MS), promiseAt: timeText(city.atMs) },
      ...{ expectedAt: timeText(city.atMs + lateMinutes * MINUTE_MS), toldAt: timeText(city.atMs) },
      ...{ lateMs: lateMinutes * MINUTE_MS, attempts: isWaiting ? 2 : 0 },
      waitUntil: isWaiting ? timeText(city.atMs + 3 * MINUTE_MS) : null,
      pickup: { lat: lat / 1e7, lon: lon / 1e7 },
      dropoff: { lat: toLat / 1e7, lon: toLon / 1e7 },
      ...{ snoozedUntil: null, note: null, closedAt: null, closedBy: null },
    });
  });
}

/** The text of each row, top to bottom, once there are as many as expected. */
async function rows(page: Page, count: number): Promise<string[]> {
  return waitFor(
    async () => {
      const texts = await page.locator('.exception').allInnerTexts();
      return texts.length === count ? texts : null;
    },
    { timeoutMs: 15_000, what: `${count} rows` },
  );
}

/** Presses Tab until the wanted control has the focus. */
async function tabTo(page: Page, row: number, name: string): Promise<void> {
  const focused = (): Promise<string> =>
    page.evaluate(() => {
      const { activeElement } = document;
      const rows = [...document.querySelectorAll('.exception')];
      const row = rows.findIndex((each) => each.contains(activeElement));
      return `${row} ${activeElement?.textContent}`;
    });
  for (let n = 0; n < 60; n++) {
    if ((await focused()) === `${row} ${name}`) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`${name} of row ${row} cannot be reached by keyboard`);
}

test('shows the queue, the latest first, and follows it', { skip }, async () => {
  await onStage(async ({ page, queue, complaints, server }) => {
    // Times are shown once the gateway has said what time it is.
    await page.waitForFunction(() => document.body.textContent?.includes('for 2 min'));
    const texts = await rows(page, 5);
    assert.match(texts[0] ?? '', /Nobody carries it[\s\S]*24 min late/);
    assert.match(texts[1] ?? '', /Vendor late[\s\S]*11 min late/);
    assert.match(texts[2] ?? '', /tried 2 times; may give up in 3 min/);
    assert.match(texts[1] ?? '', /taken by …/);
    assert.equal(await page.locator('.exception[data-mine="true"]').count(), 1);
    assert.match(texts[4] ?? '', /9 min early/);
    assert.match(texts[0] ?? '', /Old Town/);
    assert.equal(await page.textContent('#exceptions-count'), '5');
    assert.match(server.queries[0] ?? '', /snoozed=false/);
    // The last one is now the latest; the first one is over.
    const last = queue.pop();
    queue.shift();
    if (last) queue.unshift({ ...last, lateMs: 40 * MINUTE_MS });
    const after = await waitFor(
      async () => {
        const now = await rows(page, 4);
        return now[0]?.includes('40 min late') ? now : null;
      },
      { timeoutMs: 15_000 },
    );
    assert.match(after[0] ?? '', /Silent with the parcel/);
    assert.deepEqual(complaints, []);
  });
});

test('claims, snoozes and resolves by keyboard alone', { skip }, async () => {
  await onStage(async ({ page, server, queue, city }) => {
    await rows(page, 5);
    await tabTo(page, 0, 'Claim');
    await page.keyboard.press('Enter');
    await waitFor(() => server.acts.length === 1);
    const [first] = queue;
    assert.ok(first);
    assert.deepEqual(server.acts[0], {
      ...{ path: `${first.id}/claim`, token: tokenOf('access'), body: {} },
    });
    queue[0] = { ...first, owner: ME };
    await waitFor(async () => (await rows(page, 5))[0]?.includes('Release'), { timeoutMs: 15_000 });

    await tabTo(page, 0, 'Snooze');
    await page.keyboard.press('Enter');
    await page.keyboard.type('kitchen says ten');
    await page.keyboard.press('Enter');
    await waitFor(() => server.acts.length === 2);
    const { path = '', body = {} } = server.acts[1] ?? {};
    assert.deepEqual([path, body.reason], [`${first.id}/snooze`, 'kitchen says ten']);
    const aheadMs = Date.parse(String(body.until)) - city.atMs;
    assert.ok(aheadMs > 9 * MINUTE_MS && aheadMs < 12 * MINUTE_MS, `${aheadMs} ms`);

    await tabTo(page, 3, 'Resolve');
    await page.keyboard.press('Enter');
    // What is being written survives every answer of the server.
    await page.keyboard.type('settled ');
    const asked = server.queries.length;
    await waitFor(() => server.queries.length > asked + 1, { timeoutMs: 15_000 });
    await page.keyboard.type('by phone');
    server.refuseAct = 'the exception is over: cleared';
    await page.keyboard.press('Enter');
    await page.waitForFunction(() =>
      document.getElementById('exceptions-note')?.textContent?.includes('is over: cleared'),
    );
    assert.equal(server.acts[2]?.body.reason, 'settled by phone');
    await page.keyboard.press('Escape');
    assert.equal(await page.locator('.why').count(), 0);
  });
});

test('shows why nobody, or this driver, has the delivery, and puts it away again', {
  skip,
}, async () => {
  await onStage(async ({ page, complaints }) => {
    await rows(page, 5);
    await tabTo(page, 0, 'Why');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() =>
      document.querySelector('.reasons')?.textContent?.includes('without breaking a limit'),
    );
    assert.match((await rows(page, 5))[0] ?? '', /Not: …[0-9a-f]{6} is too far from the pickup/);
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.querySelector('.reasons') === null);
    assert.deepEqual(complaints, []);
  });
});

test('jumps to the delivery and marks its doors', { skip }, async () => {
  await onStage(async ({ page, city, server }) => {
    await rows(page, 5);
    await waitFor(async () => (await cells(page)).length > 0);
    await server.untilWatched(await cells(page), 15_000);
    server.play(city.pictures(), [city.node('dispatch-1', 0)]);
    const wide = (await cells(page)).length;
    await tabTo(page, 0, 'Show');
    await page.keyboard.press('Enter');
    await waitFor(async () => (await cells(page)).length < wide, { timeoutMs: 15_000 });
  });
});

function cells(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => window.__waggle?.().cells ?? []);
}

test('a link to watch shows the queue and offers nothing to do', { skip }, async () => {
  await onStage(async ({ page, complaints }) => {
    await rows(page, 5);
    assert.equal(await page.locator('.acts button:visible').count(), 5);
    assert.equal(await page.locator('.acts button:visible', { hasText: 'Show' }).count(), 5);
    assert.deepEqual(complaints, []);
  }, 'view');
});
