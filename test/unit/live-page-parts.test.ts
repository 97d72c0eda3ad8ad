/** The small parts of the live page: movement, cells in view, words, links, the build. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { cellToLatLng, latLngToCell } from 'h3-js';
import type { Decision } from '../../contracts/api/decisions.ts';
import { buildWeb, writePageConfig } from '../../web/build.ts';
import { personOf } from '../../web/live/exception-queue.ts';
import { tokenEndMs } from '../../web/live/feed.ts';
import { Motion } from '../../web/live/motion.ts';
import { styleFrom } from '../../web/live/page-config.ts';
import { reasonRows, reasonText, rejectedText } from '../../web/live/reasons.ts';
import { parseFragment } from '../../web/live/session.ts';
import { cellsInView, VIEW_CELLS_MAX } from '../../web/live/view-cells.ts';
import {
  countText,
  durationText,
  etaText,
  latenessText,
  TO_GO_CHARACTERS,
  toGoText,
} from '../../web/live/words.ts';

test('a glide starts where the driver is drawn and ends where it was seen', () => {
  const motion = new Motion();
  const driver = motion.placed(10, 50);
  motion.moved(driver, { lon: 10.001, lat: 50, hostMs: 1_000, gapMs: 1_000 });
  motion.advance([driver], 1_500);
  assert.ok(Math.abs(driver.lon - 10.0005) < 1e-9);
  // A new place in the middle of a glide bends it; nothing jumps.
  motion.moved(driver, { lon: 10.001, lat: 50.001, hostMs: 1_500, gapMs: 500 });
  assert.ok(Math.abs(driver.lon - 10.0005) < 1e-9);
  motion.advance([driver], 60_000);
  assert.deepEqual([driver.lon, driver.lat, driver.moving], [10.001, 50.001, false]);
});

test('a correction, or a wish for less motion, is shown at once', () => {
  const motion = new Motion();
  const driver = motion.placed(10, 50);
  motion.moved(driver, { lon: 10.5, lat: 50, hostMs: 0, gapMs: 1_000 });
  assert.equal(driver.lon, 10.5);
  motion.still = true;
  motion.moved(driver, { lon: 10.5001, lat: 50, hostMs: 0, gapMs: 1_000 });
  assert.equal(driver.lon, 10.5001);
});

test('the icon turns to where the driver goes, and not for the noise of standing', () => {
  const motion = new Motion();
  const driver = motion.placed(10, 0);
  motion.moved(driver, { lon: 10.001, lat: 0, hostMs: 0, gapMs: 1_000 });
  assert.equal(Math.round(driver.angle), -90);
  motion.moved(driver, { lon: 10.001, lat: 0.000001, hostMs: 0, gapMs: 1_000 });
  assert.equal(Math.round(driver.angle), -90);
});

test('every point of a small viewport lies in a cell that is asked for', () => {
  const centre = fc.record({
    lat: fc.double({ min: -60, max: 60, noNaN: true }),
    lon: fc.double({ min: -170, max: 170, noNaN: true }),
    dx: fc.double({ min: 0, max: 1, noNaN: true }),
    dy: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(centre, ({ lat, lon, dx, dy }) => {
      const bounds = { west: lon, south: lat, east: lon + 0.3, north: lat + 0.2 };
      const { cells, cut } = cellsInView(bounds);
      assert.equal(cut, false);
      assert.ok(cells.length <= VIEW_CELLS_MAX);
      assert.ok(cells.includes(latLngToCell(lat + 0.2 * dy, lon + 0.3 * dx, 6)));
    }),
    { numRuns: 50 },
  );
});

test('a viewport of the whole world asks for a bounded number of cells in the middle', () => {
  const { cells, cut } = cellsInView({ west: -180, south: -85, east: 180, north: 85 });
  assert.equal(cut, true);
  assert.ok(cells.length > 0 && cells.length <= VIEW_CELLS_MAX);
  assert.ok(cells.every((cell) => Math.abs(cellToLatLng(cell)[0]) < 5));
});

test('times and counts read well', () => {
  assert.equal(etaText(1_000, 0), '< 1 min');
  assert.equal(etaText(12 * 60_000, 0), '12 min');
  assert.equal(etaText(0, 3 * 60_000), '3 min late');
  const range = { eta: 12 * 60_000, etaFrom: 9 * 60_000, etaTo: 14 * 60_000 };
  assert.equal(toGoText(range, 0), '9-14 min');
  assert.equal(toGoText(range, 10 * 60_000), '2 min', 'its begin has passed');
  assert.equal(toGoText({ eta: 12 * 60_000 }, 0), '12 min');
  for (const atMs of [0, 10 * 60_000, 11.5 * 60_000, 60 * 60_000]) {
    const strange = [...(toGoText(range, atMs) ?? '')].filter((c) => !TO_GO_CHARACTERS.includes(c));
    assert.deepEqual(strange, [], 'the map draws every character of the label');
  }
  assert.equal(toGoText({ eta: null }, 0), null);
  assert.equal(durationText(143), '143 ms');
  assert.equal(durationText(1_840), '1.8 s');
  assert.equal(countText(1_234_567), '1 234 567');
});

test('a link gives token and place; anything malformed is ignored', () => {
  assert.deepEqual(parseFragment('#token=a.b.c&at=37.7,-122.4,12'), {
    token: 'a.b.c',
    start: { lat: 37.7, lon: -122.4, zoom: 12 },
  });
  assert.deepEqual(parseFragment('#at=91,0'), { token: null, start: null });
  assert.deepEqual(parseFragment('#at=x,y,z&token='), { token: null, start: null });
  assert.deepEqual(parseFragment(`#token=${'x'.repeat(9_000)}`), { token: null, start: null });
});

test('the end of a token is read from it, and a token that is no JWT has none', () => {
  const body = Buffer.from(JSON.stringify({ exp: 1_790_000_000, n: '??>>' })).toString('base64url');
  assert.equal(tokenEndMs(`e30.${body}.x`), 1_790_000_000_000);
  for (const odd of ['', 'x', 'a.b.c', 'e30.e30.x', 'e30.bnVsbA.x']) {
    assert.equal(tokenEndMs(odd), null);
  }
});

test('only web addresses are taken as a tile style', () => {
  assert.equal(
    styleFrom('?style=https://tiles.example/style.json'),
    'https://tiles.example/style.json',
  );
  assert.equal(styleFrom('?style=javascript:alert(1)'), null);
  assert.equal(styleFrom(''), null);
});

test('a build is complete, holds nothing inline, and is skipped when nothing changed', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'waggle-build-'));
  try {
    const outDir = join(parent, 'web');
    assert.equal((await buildWeb(outDir)).built, true);
    const names = await readdir(outDir);
    const page = await readFile(join(outDir, 'index.html'), 'utf8');
    const linked = [...page.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, name]) => name ?? '');
    assert.equal(linked.length, 3);
    for (const name of linked) assert.ok(names.includes(name), `${name} is missing`);
    assert.doesNotMatch(page, /<style|<script>|style="|\son\w+="|\{\{/);
    await writePageConfig(outDir, { gatewayUrl: 'ws://127.0.0.1:1/v1' });
    assert.equal((await buildWeb(outDir)).built, false);
    const config: unknown = JSON.parse(await readFile(join(outDir, 'config.json'), 'utf8'));
    assert.deepEqual(config, { gatewayUrl: 'ws://127.0.0.1:1/v1' });
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
});

test('lateness is said in whole minutes, early or late', () => {
  assert.equal(latenessText(59_999), 'on time');
  assert.equal(latenessText(-59_999), 'on time');
  assert.equal(latenessText(60_000), '1 min late');
  assert.equal(latenessText(-125_000), '2 min early');
  assert.equal(latenessText(9e9), '999 min late');
});

test('a token says who it speaks for; what cannot be read only watches', () => {
  const token = (claims: object) =>
    `h.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.s`;
  assert.deepEqual(personOf(token({ sub: 'usr_1', scope: 'access' })), { id: 'usr_1', acts: true });
  assert.deepEqual(personOf(token({ sub: 'usr_1', scope: 'view' })), { id: 'usr_1', acts: false });
  assert.deepEqual(personOf('odd'), { id: '', acts: false });
  assert.deepEqual(personOf(null), { id: '', acts: false });
});

test('why this driver is told in short: the chosen one first among candidates, the rest with reasons', () => {
  const ada = 'drv_01900000-0000-7000-8000-00000000000a';
  const bob = 'drv_01900000-0000-7000-8000-00000000000b';
  const candidate = { pickupAt: '', doorAt: '', terms: [] };
  const decision = {
    why: `${ada} is asked: ${bob} would be 30 s cheaper for this delivery alone`,
    driver: ada,
    candidates: [
      {
        ...candidate,
        driver: ada,
        costSeconds: 100.4,
        moreThanChosenSeconds: 0,
        aloneSeconds: 100,
      },
      {
        ...candidate,
        driver: bob,
        costSeconds: 400,
        moreThanChosenSeconds: 300,
        aloneSeconds: null,
      },
    ],
    rejected: [{ driver: bob, reason: 'radius', words: 'is too far from the pickup' }],
  } as unknown as Decision;
  assert.deepEqual(reasonRows(decision), [
    ['▸ …00000a', '100', '0', '100'],
    ['…00000b', '400', '300', '–'],
  ]);
  assert.match(reasonText(decision), /^…00000a is asked: …00000b would be 30 s cheaper/);
  assert.equal(rejectedText(decision), 'Not: …00000b is too far from the pickup');
  assert.equal(rejectedText({ ...decision, rejected: [] }), '');
});
