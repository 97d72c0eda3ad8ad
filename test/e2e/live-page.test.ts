/** The live page in a real browser: what it shows is compared with what was sent. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { CLOSE_CODES } from '../../contracts/wire/close-codes.ts';
import { buildWeb } from '../../web/build.ts';
import type { Report } from '../../web/live/report.ts';
import { complaintsOf, openBrowser, whyNoBrowser } from './browser.ts';
import { CENTRE, MadeUpCity } from './live-page-city.ts';
import { PageServer } from './live-page-server.ts';

const WAIT_MS = 20_000;
const skip = whyNoBrowser();

type Shown = Omit<Report, 'driverAt'>;
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

interface Stage {
  readonly page: Page;
  readonly server: PageServer;
  readonly city: MadeUpCity;
  /** Warnings, errors and policy violations that the page logged. */
  readonly complaints: string[];
  readonly play: () => void;
}

/** Opens the page on a city, runs the scene, and closes everything whatever happens. */
async function onStage(run: (stage: Stage) => Promise<void>): Promise<void> {
  const city = new MadeUpCity({ drivers: 300, deliveries: 80 });
  const server = new PageServer({
    webDir,
    zones: { items: [{ id: city.zone, name: 'Old Town', polygon: city.polygon() }] },
    speed: 4,
    zoneMs: () => city.atMs,
  });
  await server.listen();
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const complaints = complaintsOf(page);
  const play = (): void => {
    server.play(city.pictures(), [city.node('dispatch-1', 0), city.node('dispatch-2', 1)]);
  };
  try {
    const at = `${CENTRE.lat},${CENTRE.lon},11.5`;
    await page.goto(`http://127.0.0.1:${server.port}/#token=view-token&at=${at}`);
    await run({ page, server, city, complaints, play });
  } finally {
    await page.close();
    server.close();
  }
}

async function shown(page: Page): Promise<Shown> {
  return page.evaluate(() => {
    const { driverAt: _, ...figures } = window.__waggle?.() ?? ({} as Report);
    return figures;
  });
}

async function untilShown(page: Page, condition: (shown: Shown) => boolean): Promise<Shown> {
  const deadlineMs = Date.now() + WAIT_MS;
  for (;;) {
    const now = await shown(page);
    if (condition(now)) return now;
    assert.ok(Date.now() < deadlineMs, `the page still shows ${JSON.stringify(now)}`);
    // One frame of the page is the wait: nothing here depends on how long it takes.
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
  }
}

/** Sends pictures once the page watches its cells, and waits until all drivers are there. */
async function settle({ page, server, city, play }: Stage): Promise<Shown> {
  await untilShown(page, ({ connection, cells }) => connection === 'live' && cells?.length > 0);
  const wanted = (await shown(page)).cells;
  await server.untilWatched(wanted, WAIT_MS);
  play();
  return untilShown(page, ({ drivers }) => drivers === city.drivers.length);
}

test('shows every driver, delivery, idle cell and node that was sent', { skip }, async () => {
  await onStage(async (stage) => {
    const { city, page, complaints } = stage;
    const figures = await settle(stage);
    const idle = city.pictures().flatMap((picture) => picture.idle);
    assert.equal(figures.deliveries, city.deliveries.length);
    assert.equal(figures.idleCells, new Set(idle.map(([cell]) => cell)).size);
    assert.equal(figures.idleDrivers, city.drivers.filter(({ a }) => a === 0).length);
    assert.equal(figures.driversByActivity[0], figures.idleDrivers);
    assert.deepEqual(figures.nodes, ['dispatch-1', 'dispatch-2']);
    assert.equal(figures.shards, 32);
    await page.waitForSelector('[data-node="dispatch-2"]');
    await page.waitForSelector('tr[data-shard="3"]');
    const panel = (await page.textContent('#panel')) ?? '';
    assert.match(panel, /dispatch-2.*300 drivers · 80 open/);
    assert.match(panel, /Old Town/);
    assert.match(panel, /speed × 4/);
    assert.match(panel, /1\.8 s/);
    assert.deepEqual(complaints, []);
  });
});

test('draws on the map what the pictures hold', { skip }, async () => {
  await onStage(async (stage) => {
    const { page } = stage;
    await untilShown(page, ({ connection, frames }) => connection === 'live' && frames > 0);
    const clip = { x: 0, y: 0, width: 820, height: 800 };
    const empty = await page.screenshot({ clip });
    await settle(stage);
    const colors = async (): Promise<number> => (await page.screenshot({ clip })).byteLength;
    const deadlineMs = Date.now() + WAIT_MS;
    // A map full of marks compresses far worse than an empty one.
    while ((await colors()) < empty.byteLength * 2) {
      assert.ok(Date.now() < deadlineMs, 'the map stays empty');
    }
  });
});

/** Follows a driver through one glide; returns the shares of the way at which it was drawn. */
async function glide({ page, city, play }: Stage): Promise<number[]> {
  const walker = city.drivers.find(({ a }) => a === 0);
  assert.ok(walker);
  const from = walker.lat;
  city.step();
  const way = walker.lat - from;
  play();
  const shares: number[] = [];
  const deadlineMs = Date.now() + WAIT_MS;
  while (Math.abs((shares.at(-1) ?? 0) - 1) > 0.01) {
    assert.ok(Date.now() < deadlineMs, 'the driver never arrived');
    const place = await page.evaluate((id) => {
      return new Promise<readonly [number, number] | null>((resolve) => {
        requestAnimationFrame(() => resolve(window.__waggle?.().driverAt(id) ?? null));
      });
    }, walker.d);
    if (place) shares.push((place[1] - from) / way);
  }
  return shares;
}

test('moves a driver gradually to the next place, never past it', { skip }, async () => {
  await onStage(async (stage) => {
    // Software rendering is slow: a small map gives enough frames to see the way between.
    await stage.page.setViewportSize({ width: 480, height: 320 });
    await settle(stage);
    let between = false;
    for (let round = 0; round < 20 && !between; round++) {
      const shares = await glide(stage);
      assert.deepEqual(
        shares,
        [...shares].sort((a, b) => a - b),
      );
      assert.ok(shares.every((share) => share > -0.01 && share < 1.01));
      between = shares.some((share) => share > 0.05 && share < 0.95);
    }
    assert.ok(between, 'the driver always jumped');
  });
});

test('says that it reconnects when the line drops, and goes on by itself', { skip }, async () => {
  await onStage(async (stage) => {
    const { page, server, city, play } = stage;
    await settle(stage);
    server.cut();
    server.away = true;
    await untilShown(page, ({ connection }) => connection === 'reconnecting');
    assert.equal(await page.textContent('#connection'), 'reconnecting');
    assert.equal((await shown(page)).drivers, city.drivers.length, 'the last view stays');
    server.away = false;
    const back = await untilShown(page, ({ connection }) => connection === 'live');
    await server.untilWatched(back.cells, WAIT_MS);
    city.drivers.length = 120;
    city.step();
    play();
    await untilShown(page, ({ drivers }) => drivers === 120);
    assert.ok(server.hellos.length >= 2);
  });
});

test('keeps the token out of the address bar', { skip }, async () => {
  await onStage(async ({ page, server }) => {
    await untilShown(page, ({ connection }) => connection === 'live');
    assert.doesNotMatch(page.url(), /token/);
    assert.deepEqual(server.hellos, ['view-token']);
  });
});

test('asks for a log-in when nobody is known, and says why one failed', { skip }, async () => {
  await onStage(async ({ server }) => {
    const context = await browser.newContext();
    try {
      const fresh = await context.newPage();
      await fresh.goto(`http://127.0.0.1:${server.port}/`);
      await fresh.waitForSelector('#login[open]');
      await fresh.fill('[name=email]', 'ops@example.com');
      await fresh.fill('[name=password]', 'wrong');
      await fresh.click('#login button');
      await fresh.waitForFunction(() => /wrong/.test(document.body.textContent ?? ''));
      await fresh.fill('[name=password]', PageServer.PASSWORD);
      await fresh.click('#login button');
      await untilShown(fresh, ({ connection }) => connection === 'live');
      assert.equal(server.hellos.at(-1), 'login-token');
      assert.equal(await fresh.locator('#login[open]').count(), 0);
    } finally {
      await context.close();
    }
  });
});

for (const code of ['token_invalid', 'token_expired', 'forbidden'] as const) {
  test(`asks for a log-in when the gateway says ${code}, without trying on`, { skip }, async () => {
    await onStage(async ({ page, server }) => {
      await untilShown(page, ({ connection }) => connection === 'live');
      server.refusal = CLOSE_CODES[code];
      server.cut();
      await page.waitForSelector('#login[open]');
      const tries = server.hellos.length;
      server.refusal = null;
      await page.fill('[name=email]', 'ops@example.com');
      await page.fill('[name=password]', PageServer.PASSWORD);
      await page.click('#login button');
      await untilShown(page, ({ connection }) => connection === 'live');
      assert.equal(server.hellos.length, tries + 1);
      assert.equal(server.hellos.at(-1), 'login-token');
    });
  });
}
