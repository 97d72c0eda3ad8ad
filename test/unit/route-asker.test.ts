/** Asking beside the turns: when a zone asks, what it asks for again, and how answers wait. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RoutedAnswer } from '../../contracts/events.ts';
import type { RouteWant } from '../../dispatch/core/index.ts';
import { ManualClock } from '../../dispatch/memory/manual-clock.ts';
import type { LogRecord } from '../../dispatch/runtime/log-record.ts';
import { RouteAsker } from '../../dispatch/runtime/route-asker.ts';
import type { RoutesPort, RoutesTold } from '../../dispatch/runtime/routes-port.ts';
import { TEST_ZONE } from '../support/runtime-fixtures.ts';
import { type ToyShard, toyEngine } from '../support/toy-engine.ts';

const SHARD: ToyShard = new Map();

function want(from: number, to: number): RouteWant {
  const at = (cell: number) => ({ latE7: cell, lonE7: 0, cell });
  const key = `car ${from} ${to}`;
  return { key, vehicle: 'car', from: at(from), to: at(to), areas: { from, to }, meters: 500 };
}

function told(count: number, first = 0): RoutesTold {
  const times = Array.from({ length: count }, (_, n): RoutedAnswer => {
    return ['car', first + n, first + n + 1, 60_000, 500];
  });
  return { source: 'fake', holdsMs: 1_000, times };
}

class Stage {
  readonly clock = new ManualClock(1_700_000_000_000);
  readonly asked: (readonly RouteWant[])[] = [];
  wants: RouteWant[] = [];
  looks = 0;
  wakes = 0;
  ready = true;
  tell: (told: RoutesTold) => void = () => assert.fail('nothing was asked');
  readonly asker: RouteAsker<ToyShard, string>;

  constructor() {
    const stage = this;
    const routes: RoutesPort = {
      get ready() {
        return stage.ready;
      },
      ask(wants, tell) {
        stage.asked.push(wants);
        stage.tell = tell;
      },
      picture: () => assert.fail('not looked at'),
      close: () => {},
    };
    const engine = {
      ...toyEngine,
      routeWants: () => {
        this.looks++;
        return this.wants;
      },
    };
    const deps = { engine, ports: { clock: this.clock } };
    this.asker = new RouteAsker(deps, routes, () => this.wakes++);
  }

  /** A record with a round was committed, this long after the one before. */
  round(afterMs = 1_000): void {
    this.clock.advance(afterMs);
    const input = { kind: 'round', fixes: [], candidates: [] } as const;
    const record = { inputs: [{ zone: TEST_ZONE, input }], atMs: this.clock.zoneMs() };
    this.asker.follow(SHARD, record as unknown as LogRecord);
  }

  get keys(): string[] {
    return this.asked.flat().map(({ key }) => key);
  }
}

describe('the asker', () => {
  it('asks after rounds, at most once a second, and not while the source rests', () => {
    const stage = new Stage();
    stage.wants = [want(1, 2)];
    const empty = { inputs: [], atMs: 0 } as unknown as LogRecord;
    stage.asker.follow(SHARD, empty);
    assert.equal(stage.looks, 0);
    stage.round();
    stage.round(400);
    assert.equal(stage.looks, 1);
    stage.ready = false;
    stage.round();
    assert.equal(stage.looks, 1);
    assert.deepEqual(stage.keys, ['car 1 2']);
  });

  it('asks for a pair once, and again only when it was in vain for five minutes', () => {
    const stage = new Stage();
    stage.wants = [want(1, 2), want(2, 3)];
    stage.round();
    stage.round();
    stage.round(290_000);
    assert.equal(stage.keys.length, 2);
    stage.wants.push(want(3, 4));
    stage.round();
    assert.deepEqual(stage.keys.slice(2), ['car 3 4']);
    stage.round(20_000);
    assert.deepEqual(stage.keys.slice(3), ['car 1 2', 'car 2 3']);
  });

  it('asks again at once for what it was told and wants anew: it ran out', () => {
    const stage = new Stage();
    stage.wants = [want(1, 2)];
    stage.round();
    stage.tell(told(1, 1));
    assert.ok(stage.asker.take(TEST_ZONE));
    stage.round();
    assert.deepEqual(stage.keys, ['car 1 2', 'car 1 2']);
  });

  it('asks for a bounded number at once; the rest follows', () => {
    const stage = new Stage();
    stage.wants = Array.from({ length: 1_200 }, (_, n) => want(n, n + 1));
    for (let n = 0; n < 4; n++) stage.round();
    assert.deepEqual(
      stage.asked.map((wants) => wants.length),
      [500, 500, 200],
    );
  });

  it('hands answers on in inputs of bounded size, in order, and wakes the host for them', () => {
    const stage = new Stage();
    stage.wants = [want(1, 2)];
    stage.round();
    assert.equal(stage.asker.take(TEST_ZONE), null);
    stage.tell(told(600));
    stage.tell(told(1, 900));
    assert.equal(stage.wakes, 2);
    const inputs = [];
    for (let next = stage.asker.take(TEST_ZONE); next; next = stage.asker.take(TEST_ZONE)) {
      inputs.push(next);
    }
    assert.deepEqual(
      inputs.map(({ times }) => times.length),
      [256, 256, 88, 1],
    );
    assert.deepEqual(
      inputs.flatMap(({ times }) => times),
      [...told(600).times, ...told(1, 900).times],
    );
    assert.equal(inputs[0]?.kind, 'travel');
    assert.equal(stage.wakes, 5, 'for every turn that is still needed');
  });

  it('drops the oldest answers when nobody takes them, and all that come after the end', () => {
    const stage = new Stage();
    stage.wants = [want(1, 2)];
    stage.round();
    for (let n = 0; n < 70; n++) stage.tell(told(1, n));
    const first = stage.asker.take(TEST_ZONE);
    assert.equal(first?.times[0]?.[1], 6);
    stage.asker.close();
    stage.tell(told(1));
    assert.equal(stage.asker.take(TEST_ZONE), null);
  });
});
