/**
 * The two routes sources against stand-ins that speak their published APIs: what is asked, what is
 * believed, and what becomes of every way to fail.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { haversineMeters, type Place } from '../../contracts/geo.ts';
import { googleSource } from '../../dispatch/routes/google.ts';
import { osrmSource } from '../../dispatch/routes/osrm.ts';
import {
  type Matrix,
  RouteError,
  type RouteFailure,
  type RoutesSource,
} from '../../dispatch/routes/source.ts';
import { startGoogleRoutes } from '../../sandbox/google-routes.ts';
import { startOsrm } from '../../sandbox/osrm.ts';
import { PLAIN_ROADS, type Roads } from '../../sandbox/roads.ts';
import type { StandIn } from '../../sandbox/server.ts';
import { place } from '../support/core-fixtures.ts';
import { failOnLeaks } from '../support/leaks.ts';

failOnLeaks();

const KEY = 'a-key-that-must-never-show';
const POINTS: readonly Place[] = [0.2, 0.4, 0.6, 0.8].map((u) => place(u, 0.5));
const [A, B, C, D] = POINTS as [Place, Place, Place, Place];
const MATRIX: Matrix = { profile: 'DRIVE', origins: [A, B, C], destinations: [D, A] };

/** An island at D: no road leads there. `sea`: nor is there one near it. */
function islandRoads(sea: boolean): Roads {
  const isD = ({ latE7, lonE7 }: { latE7: number; lonE7: number }): boolean =>
    Math.abs(latE7 - D.latE7) < 100 && Math.abs(lonE7 - D.lonE7) < 100;
  return {
    seconds: (from, to, speed) => (isD(to) ? null : PLAIN_ROADS.seconds(from, to, speed)),
    hasRoad: (point) => !(sea && isD(point)),
  };
}

interface Kind {
  readonly name: string;
  start(roads?: Roads): Promise<StandIn>;
  source(url: string, key?: string): RoutesSource;
}

const KINDS: readonly Kind[] = [
  {
    name: 'osrm',
    start: (roads = PLAIN_ROADS) => startOsrm({ roads }),
    source: (url) => osrmSource({ url }),
  },
  {
    name: 'google',
    start: (roads = PLAIN_ROADS) => startGoogleRoutes({ roads, key: KEY }),
    source: (url, key = KEY) => googleSource({ url, key, traffic: true }),
  },
];

async function standIn(t: TestContext, kind: Kind, roads?: Roads): Promise<StandIn> {
  const started = await kind.start(roads);
  t.after(() => started.close());
  return started;
}

function ask(source: RoutesSource, matrix = MATRIX, timeoutMs = 2_000) {
  return source.ask(matrix, AbortSignal.timeout(timeoutMs));
}

async function fails(answer: Promise<unknown>, failure: RouteFailure): Promise<RouteError> {
  const error = await answer.then(
    () => assert.fail('it answered'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof RouteError, String(error));
  assert.equal(error.failure, failure, error.message);
  assert.ok(!error.message.includes(KEY), 'no key in an error');
  return error;
}

for (const kind of KINDS) {
  describe(`the ${kind.name} source`, () => {
    it('gives seconds by origin and destination, in their order', async (t) => {
      const { url } = await standIn(t, kind);
      const seconds = await ask(kind.source(url));
      assert.equal(seconds.length, 3);
      MATRIX.origins.forEach((from, row) => {
        MATRIX.destinations.forEach((to, column) => {
          const expected = (haversineMeters(from, to) * 1.35) / 8;
          const got = seconds[row]?.[column] ?? Number.NaN;
          assert.ok(Math.abs(got - expected) <= 0.6, `${row} ${column}: ${got} ≠ ${expected}`);
        });
      });
    });

    it('says null where there is no road, and answers the rest', async (t) => {
      const { url } = await standIn(t, kind, islandRoads(false));
      const seconds = await ask(kind.source(url));
      assert.deepEqual(
        seconds.map(([toD]) => toD),
        [null, null, null],
      );
      assert.ok(seconds.every((row) => typeof row[1] === 'number'));
    });

    it('gives up when the answer takes too long', async (t) => {
      const server = await standIn(t, kind);
      server.fault = { kind: 'silence' };
      await fails(ask(kind.source(server.url), MATRIX, 60), 'timeout');
    });

    it('tells the kinds of failure apart', async (t) => {
      const server = await standIn(t, kind);
      const source = kind.source(server.url);
      const statuses: [number, RouteFailure][] = [
        [500, 'unavailable'],
        [502, 'unavailable'],
        [503, 'unavailable'],
        [403, 'refused'],
        [404, 'refused'],
        [429, 'rate_limited'],
      ];
      for (const [status, failure] of statuses) {
        server.fault = { kind: 'status', status };
        await fails(ask(source), failure);
      }
      server.fault = { kind: 'status', status: 429, retryAfter: 7 };
      const error = await fails(ask(source), 'rate_limited');
      assert.equal(error.retryAfterMs, 7_000);
    });

    it('calls a server that is not there unreachable', async () => {
      const server = await kind.start();
      await server.close();
      await fails(ask(kind.source(server.url)), 'unreachable');
    });

    it('believes no nonsense', async (t) => {
      const server = await standIn(t, kind);
      const source = kind.source(server.url);
      const bodies = [
        '<html><body>Sign in to the hotel network</body></html>',
        '',
        'null',
        '{"code":"Ok"',
        '"Ok"',
        ...(kind.name === 'osrm' ? OSRM_NONSENSE : GOOGLE_NONSENSE).map((body) =>
          JSON.stringify(body),
        ),
      ];
      for (const body of bodies) {
        server.fault = { kind: 'body', body };
        await fails(ask(source), 'nonsense');
      }
      server.fault = { kind: 'body', body: `"${'x'.repeat(3 * 1024 * 1024)}"` };
      await fails(ask(source), 'nonsense');
    });
  });
}

const ROW = [1, 2];
const OSRM_NONSENSE: readonly unknown[] = [
  { code: 'Ok' },
  { code: 'Ok', durations: 'many' },
  { code: 'Ok', durations: [ROW, ROW] },
  { code: 'Ok', durations: [ROW, ROW, ROW, ROW] },
  { code: 'Ok', durations: [ROW, ROW, [1]] },
  { code: 'Ok', durations: [ROW, ROW, [1, 2, 3]] },
  { code: 'Ok', durations: [ROW, ROW, [1, -2]] },
  { code: 'Ok', durations: [ROW, ROW, [1, '2']] },
  { code: 'Ok', durations: [ROW, ROW, [1, 1e300]] },
  { code: 'Ok', durations: [ROW, ROW, null] },
  { durations: [ROW, ROW, ROW] },
];

const FOUND = { originIndex: 0, destinationIndex: 0, condition: 'ROUTE_EXISTS', duration: '5s' };
const GOOGLE_NONSENSE: readonly unknown[] = [
  { elements: [] },
  [{ ...FOUND, originIndex: 3 }],
  [{ ...FOUND, originIndex: -1 }],
  [{ ...FOUND, destinationIndex: 0.5 }],
  [{ ...FOUND, destinationIndex: 'first' }],
  [{ ...FOUND, duration: undefined }],
  [{ ...FOUND, duration: 5 }],
  [{ ...FOUND, duration: '5' }],
  [{ ...FOUND, duration: '-5s' }],
  [{ ...FOUND, duration: 'NaNs' }],
  [{ ...FOUND, duration: '999999999s' }],
  [FOUND, FOUND],
];

describe('the osrm source', () => {
  it('asks the table service as published: lon,lat, indexes, its profile', async (t) => {
    const server = await startOsrm();
    t.after(() => server.close());
    await ask(osrmSource({ url: `${server.url}/` }), { ...MATRIX, profile: 'bike' });
    const [asked] = server.asked;
    const expected = [A, B, C, D, A].map(
      ({ lonE7, latE7 }) => `${(lonE7 / 1e7).toFixed(6)},${(latE7 / 1e7).toFixed(6)}`,
    );
    assert.equal(asked?.method, 'GET');
    const [path, query] = asked?.path.split('?') ?? [];
    assert.equal(path, `/table/v1/bike/${expected.join(';')}`);
    assert.equal(query, 'sources=0;1;2&destinations=3;4&annotations=duration&generate_hints=false');
  });

  it('asks each profile at a server of its own, where the base URL says so', async (t) => {
    const server = await startOsrm();
    t.after(() => server.close());
    const source = osrmSource({ url: `${server.url}/{profile}` });
    await assert.rejects(ask(source, { ...MATRIX, profile: 'foot' }), { failure: 'refused' });
    assert.ok(server.asked[0]?.path.startsWith('/foot/table/v1/foot/'));
  });

  it('tells a point off every road from a refusal, and a table without a route from both', async (t) => {
    const sea = await startOsrm({ roads: islandRoads(true) });
    t.after(() => sea.close());
    await fails(ask(osrmSource(sea)), 'unplaceable');
    sea.fault = { kind: 'body', body: '{"code":"NoTable","message":"No table found"}' };
    const none = await ask(osrmSource(sea));
    assert.deepEqual(none, [
      [null, null],
      [null, null],
      [null, null],
    ]);
    const small = await startOsrm({ maxTableSize: 2 });
    t.after(() => small.close());
    const error = await fails(ask(osrmSource(small)), 'too_big');
    assert.match(error.message, /TooBig/);
    small.fault = { kind: 'status', status: 414 };
    await fails(ask(osrmSource(small)), 'too_big');
  });

  it('stays within the limits of a stock server at its largest', async (t) => {
    const server = await startOsrm();
    t.after(() => server.close());
    const source = osrmSource(server);
    const half = Array.from({ length: source.limits.places / 2 }, (_, n) => place(n / 50, 0.123));
    const seconds = await ask(source, { profile: 'car', origins: half, destinations: half });
    assert.equal(seconds.length, 50);
  });
});

describe('the google source', () => {
  const options = { key: KEY, traffic: true };

  it('asks computeRouteMatrix as published: key and mask in headers, points, mode, preference', async (t) => {
    const server = await startGoogleRoutes({ key: KEY });
    t.after(() => server.close());
    await ask(googleSource({ ...options, url: server.url }));
    const [asked] = server.asked;
    assert.equal(asked?.method, 'POST');
    assert.equal(asked?.path, '/distanceMatrix/v2:computeRouteMatrix');
    assert.equal(asked?.headers['x-goog-api-key'], KEY);
    assert.match(String(asked?.headers['x-goog-fieldmask']), /\bstatus\b/);
    const body = JSON.parse(asked?.body ?? '') as Record<string, unknown[]>;
    assert.deepEqual(Object.keys(body).sort(), [
      'destinations',
      'origins',
      'routingPreference',
      'travelMode',
    ]);
    assert.deepEqual(body.origins?.[0], {
      waypoint: { location: { latLng: { latitude: A.latE7 / 1e7, longitude: A.lonE7 / 1e7 } } },
    });
    assert.equal(body.routingPreference, 'TRAFFIC_AWARE');
  });

  it('sends no preference with a mode that takes none, and none for traffic when told so', async (t) => {
    const server = await startGoogleRoutes({ key: KEY });
    t.after(() => server.close());
    await ask(googleSource({ ...options, url: server.url }), { ...MATRIX, profile: 'BICYCLE' });
    await ask(googleSource({ key: KEY, traffic: false, url: server.url }));
    const preferences = server.asked.map(
      ({ body }) => (JSON.parse(body) as { routingPreference?: string }).routingPreference,
    );
    assert.deepEqual(preferences, [undefined, 'TRAFFIC_UNAWARE']);
  });

  it('takes elements that failed on their own, or are missing, for pairs without an answer', async (t) => {
    const elementError = (origin: number) => (origin === 1 ? { code: 5 } : null);
    const server = await startGoogleRoutes({ key: KEY, elementError });
    t.after(() => server.close());
    const source = googleSource({ ...options, url: server.url });
    const seconds = await ask(source);
    assert.deepEqual(seconds[1], [null, null]);
    assert.ok(seconds[0]?.every((value) => typeof value === 'number'));
    server.fault = { kind: 'body', body: JSON.stringify([{ ...FOUND, duration: '3.5s' }]) };
    assert.deepEqual(await ask(source), [
      [3.5, null],
      [null, null],
      [null, null],
    ]);
  });

  it('reads both forms of an error for the whole request', async (t) => {
    const server = await startGoogleRoutes({ key: KEY });
    t.after(() => server.close());
    const wrongKey = googleSource({ ...options, key: 'another', url: server.url });
    const error = await fails(ask(wrongKey), 'refused');
    assert.match(error.message, /PERMISSION_DENIED/);
    const source = googleSource({ ...options, url: server.url });
    const half = '[{"error":{"code":503,"message":"…","status":"UNAVAILABLE"}}]';
    server.fault = { kind: 'body', body: half };
    await fails(ask(source), 'unavailable');
    server.fault = { kind: 'body', body: half.slice(1, -1) };
    await fails(ask(source), 'unavailable');
  });

  it('is refused beyond the published number of elements', async (t) => {
    const server = await startGoogleRoutes({ key: KEY });
    t.after(() => server.close());
    const source = googleSource({ ...options, url: server.url });
    const many = Array.from({ length: 626 }, (_, n) => place(n / 700, 0.5));
    const matrix = { profile: 'DRIVE', origins: [A], destinations: many };
    await fails(ask(source, matrix), 'refused');
    assert.equal(source.limits.elements, 625);
    await ask(source, { ...matrix, destinations: many.slice(0, 625) });
  });
});

describe('the stand-ins', () => {
  it('start by hand, and say where they are or how to start them', async (t) => {
    const main = join(import.meta.dirname, '../../sandbox/main.ts');
    const child = spawn(process.execPath, [main, 'osrm'], { stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => child.kill());
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const [url = ''] = /http:\S+/.exec(line.toString()) ?? [];
    const seconds = await ask(osrmSource({ url }));
    assert.equal(seconds.length, 3);
    const lost = spawnSync(process.execPath, [main, 'nobody'], { encoding: 'utf8' });
    assert.equal(lost.status, 2);
    assert.match(lost.stderr, /usage/);
  });
});
