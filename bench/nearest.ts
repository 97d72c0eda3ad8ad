/**
 * How dear is "the ten nearest idle drivers" while everybody moves? Ours is the live index as the
 * dispatcher uses it; the peer is Redis GEOSEARCH over the same points, moved at the same rate by
 * GEOADD, in the same run. Both are charged CPU time, the peer's client and server together; ours is
 * charged the H3 cells that the edge computes as well, because Redis hashes coordinates itself.
 */
import { performance } from 'node:perf_hooks';
import { Redis } from 'ioredis';
import type { BatchPosition } from '../contracts/position-batch.ts';
import { LiveIndex, type Shard } from '../dispatch/core/index.ts';
import { placeOf } from '../dispatch/geometry.ts';
import { withBenchRedis } from './support/bench-redis.ts';
import { BENCH_ZONE, cityPoints, type LatLon, movedBy, seededRandom } from './support/city.ts';
import { cpuMicros, residentBytes } from './support/process-usage.ts';
import type { BenchResult } from './support/report.ts';
import { Samples } from './support/samples.ts';
import { shardOfDrivers } from './support/shard-of-drivers.ts';

const DRIVERS = 100_000;
const NEAREST = 10;
/** As far as the default policy looks. */
const RADIUS_METERS = 6_000;
/** The peer is told a radius that usually holds ten, and doubles it when not: its best case. */
const PEER_RADIUS_METERS = 400;
const MOVE_METERS = 50;
const BLOCK_QUERIES = 2_000;
/** Drivers report every ten seconds; a busy round asks 2,000 times a second: five moves a query. */
const BLOCK_MOVES = 10_000;
const BLOCKS = 15;
const WARM_BLOCKS = 3;
const PIPELINE = 200;
const KEY = 'drivers';
const CLOCKS = { zoneAt: (ms: number) => ms, hostAt: (ms: number) => ms };

type Moves = readonly (readonly [number, LatLon])[];

/** CPU µs spent so far on each kind of work. */
interface Cost {
  move: number;
  /** Cells of the points asked about, which come with a pickup's address once. */
  place: number;
  query: number;
  /** The part of `query` that is the server's. */
  server: number;
}

/** What both sides do: the same points, moves and questions, in the same order. */
class Script {
  readonly points: LatLon[];
  private readonly random = seededRandom(3);
  private readonly draw = cityPoints(2);

  constructor() {
    this.points = Array.from({ length: DRIVERS }, this.draw);
  }

  moves(): Moves {
    return Array.from({ length: BLOCK_MOVES }, () => {
      const slot = Math.floor(this.random() * DRIVERS);
      const angle = this.random() * 2 * Math.PI;
      const from = this.points[slot] ?? { lat: 0, lon: 0 };
      const to = movedBy(from, MOVE_METERS * Math.cos(angle), MOVE_METERS * Math.sin(angle));
      this.points[slot] = to;
      return [slot, to] as const;
    });
  }

  questions(): LatLon[] {
    return Array.from({ length: BLOCK_QUERIES }, this.draw);
  }
}

class OwnSide {
  private readonly index: LiveIndex;
  private readonly shard: Shard;
  private nowMs = 1_000_000;
  private readonly out = new Int32Array(NEAREST);
  latencyMicros = new Samples();

  constructor(script: Script) {
    this.shard = shardOfDrivers(script.points, this.nowMs);
    this.index = new LiveIndex(this.shard, BENCH_ZONE, CLOCKS, this.nowMs);
  }

  move(moves: Moves): void {
    const drivers = this.shard.zones.get(BENCH_ZONE)?.drivers ?? [];
    this.nowMs += 1_000;
    for (const [slot, { lat, lon }] of moves) {
      const position: BatchPosition = {
        ...placeOf(lat, lon),
        slot,
        tenancy: drivers[slot]?.tenancy ?? 0,
        fixMs: ++this.nowMs,
        headingDegrees: 0,
        speedCmps: 500,
        accuracyMeters: 5,
      };
      if (this.index.position(position) !== 'indexed') throw new Error('a position was not taken');
    }
  }

  ask(questions: readonly ReturnType<typeof placeOf>[]): void {
    for (const place of questions) {
      const found = this.index.nearest(place, NEAREST, RADIUS_METERS, this.out);
      if (found !== NEAREST) throw new Error(`found ${found} drivers, not ${NEAREST}`);
    }
  }

  /** The same with a stopwatch at each question, which itself costs about 0.05 µs. */
  askOneByOne(questions: readonly ReturnType<typeof placeOf>[]): void {
    for (const place of questions) {
      const startMs = performance.now();
      this.index.nearest(place, NEAREST, RADIUS_METERS, this.out);
      this.latencyMicros.add((performance.now() - startMs) * 1_000);
    }
  }

  answer(point: LatLon): number[] {
    const found = this.index.nearest(
      placeOf(point.lat, point.lon),
      NEAREST,
      RADIUS_METERS,
      this.out,
    );
    return [...this.out.subarray(0, found)];
  }
}

class PeerSide {
  private readonly client: Redis;
  private readonly serverPid: number;

  constructor(client: Redis, serverPid: number) {
    this.client = client;
    this.serverPid = serverPid;
  }

  /** Client and server together. */
  cpuMicros(): number {
    return ownCpuMicros() + this.serverCpuMicros();
  }

  serverCpuMicros(): number {
    return cpuMicros(this.serverPid);
  }

  async move(moves: Moves): Promise<void> {
    for (let at = 0; at < moves.length; at += PIPELINE) {
      const args = moves
        .slice(at, at + PIPELINE)
        .flatMap(([n, { lat, lon }]) => [lon, lat, `${n}`]);
      await this.client.call('GEOADD', KEY, ...args);
    }
  }

  async ask(questions: readonly LatLon[], radiusMeters: number): Promise<void> {
    for (let at = 0; at < questions.length; at += PIPELINE) {
      const asked = questions.slice(at, at + PIPELINE);
      const answers = await this.search(asked, radiusMeters);
      const short = asked.filter((_, i) => (answers[i]?.length ?? 0) < NEAREST);
      if (short.length > 0 && radiusMeters < RADIUS_METERS) await this.ask(short, radiusMeters * 2);
    }
  }

  async answer(point: LatLon): Promise<number[]> {
    const [found = []] = await this.search([point], RADIUS_METERS);
    return found.map(Number);
  }

  private async search(points: readonly LatLon[], radiusMeters: number): Promise<string[][]> {
    const pipeline = this.client.pipeline();
    for (const { lat, lon } of points) {
      const from = ['FROMLONLAT', lon, lat, 'BYRADIUS', radiusMeters, 'm'];
      pipeline.call('GEOSEARCH', KEY, ...from, 'ASC', 'COUNT', NEAREST);
    }
    const replies = (await pipeline.exec()) ?? [];
    return replies.map(([error, members]) => {
      if (error) throw error;
      return members as string[];
    });
  }
}

function ownCpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function ownBlock(own: OwnSide, moves: Moves, questions: readonly LatLon[], cost: Cost): void {
  const start = ownCpuMicros();
  own.move(moves);
  const moved = ownCpuMicros();
  const places = questions.map(({ lat, lon }) => placeOf(lat, lon));
  const placed = ownCpuMicros();
  own.ask(places);
  cost.move += moved - start;
  cost.place += placed - moved;
  cost.query += ownCpuMicros() - placed;
  own.askOneByOne(places);
}

async function peerBlock(
  peer: PeerSide,
  moves: Moves,
  questions: readonly LatLon[],
  cost: Cost,
): Promise<void> {
  const start = peer.cpuMicros();
  await peer.move(moves);
  const moved = peer.cpuMicros();
  const movedServer = peer.serverCpuMicros();
  await peer.ask(questions, PEER_RADIUS_METERS);
  cost.move += moved - start;
  cost.query += peer.cpuMicros() - moved;
  cost.server += peer.serverCpuMicros() - movedServer;
}

/** How many of ten neighbours both sides name: spheres and planes differ by a metre now and then. */
async function agreement(own: OwnSide, peer: PeerSide, points: readonly LatLon[]): Promise<number> {
  let shared = 0;
  for (const point of points) {
    const theirs = new Set(await peer.answer(point));
    shared += own.answer(point).filter((slot) => theirs.has(slot)).length;
  }
  return shared / (points.length * NEAREST);
}

async function runBoth(script: Script, own: OwnSide, peer: PeerSide): Promise<[Cost, Cost]> {
  let ours: Cost = { move: 0, place: 0, query: 0, server: 0 };
  let theirs: Cost = { move: 0, place: 0, query: 0, server: 0 };
  for (let block = 0; block < WARM_BLOCKS + BLOCKS; block++) {
    if (block === WARM_BLOCKS) {
      ours = { move: 0, place: 0, query: 0, server: 0 };
      theirs = { move: 0, place: 0, query: 0, server: 0 };
      own.latencyMicros = new Samples();
    }
    const moves = script.moves();
    const questions = script.questions();
    ownBlock(own, moves, questions, ours);
    await peerBlock(peer, moves, questions, theirs);
  }
  return [ours, theirs];
}

function report(own: OwnSide, ours: Cost, theirs: Cost, agreed: number): BenchResult {
  const queries = BLOCKS * BLOCK_QUERIES;
  const moves = BLOCKS * BLOCK_MOVES;
  const query = ours.query / queries;
  const peerQuery = theirs.query / queries;
  const mixed = ours.move + ours.place + ours.query;
  const per = (name: string, micros: number, count: number) => ({
    what: name,
    value: micros / count,
    unit: 'µs CPU',
  });
  return {
    name: 'nearest',
    question:
      `the ${NEAREST} nearest idle drivers of ${DRIVERS.toLocaleString('en')}, ` +
      `${BLOCK_MOVES / BLOCK_QUERIES} of whom move per query`,
    facts: [
      { what: 'queries', value: queries, unit: 'on each side' },
      per('query', ours.query, queries),
      { what: 'query p50', value: own.latencyMicros.quantile(0.5), unit: 'µs' },
      { what: 'query p99', value: own.latencyMicros.quantile(0.99), unit: 'µs' },
      per('cell of the point asked about', ours.place, queries),
      per('move, with its cell', ours.move, moves),
      per('Redis GEOSEARCH, client and server', theirs.query, queries),
      per('Redis GEOSEARCH, server alone', theirs.server, queries),
      per('Redis GEOADD, client and server', theirs.move, moves),
      {
        what: 'ratio, with the cell charged to us',
        value: theirs.query / (ours.query + ours.place),
        unit: '×',
      },
      { what: 'ratio, moves and queries', value: (theirs.move + theirs.query) / mixed, unit: '×' },
      { what: 'neighbours both sides name', value: 100 * agreed, unit: '%' },
      { what: 'memory of this process', value: residentBytes(process.pid) / 2 ** 20, unit: 'MB' },
    ],
    targets: [
      { what: 'CPU per query', measured: query, bound: 10, sense: 'most', unit: 'µs' },
      {
        what: 'against GEOSEARCH',
        measured: peerQuery / query,
        bound: 15,
        sense: 'least',
        unit: '×',
      },
    ],
    bottleneck:
      'reading about sixty drivers in four cells from memory, against which their arithmetic is ' +
      `small; on the other side the server, with ${Math.round((100 * theirs.server) / theirs.query)} % of the CPU`,
  };
}

/** Runs both sides block by block and compares them. */
export function benchNearest(): Promise<BenchResult> {
  return withBenchRedis(false, async ({ url, pid }) => {
    const client = new Redis(url);
    try {
      const script = new Script();
      const own = new OwnSide(script);
      const peer = new PeerSide(client, pid);
      await peer.move(script.points.map((point, n) => [n, point] as const));
      const [ours, theirs] = await runBoth(script, own, peer);
      const agreed = await agreement(own, peer, script.questions().slice(0, 200));
      return report(own, ours, theirs, agreed);
    } finally {
      client.disconnect();
    }
  });
}
