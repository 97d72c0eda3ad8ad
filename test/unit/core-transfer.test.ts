import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ZoneCommand } from '../../contracts/commands.ts';
import type { ZoneId } from '../../contracts/ids.ts';
import { checkShard, type Effect, effectsOf, Shard, stepShard } from '../../dispatch/core/index.ts';
import { place, profile, request, zoneConfig } from '../support/core-fixtures.ts';

const A = zoneConfig(1, { autoAssign: true });
const B = zoneConfig(2, { autoAssign: true });
const who = profile(1);

/** Two zones on two shards, and the commands on their way between them. */
class TwoZones {
  readonly shards = new Map<ZoneId, Shard>([
    [A.id, new Shard(0)],
    [B.id, new Shard(1)],
  ]);
  readonly wire: { zone: ZoneId; command: ZoneCommand }[] = [];
  readonly directory = new Map<string, ZoneId>();
  nowMs = 1_000_000;

  constructor() {
    for (const config of [A, B]) this.step(config.id, { type: 'zone.open', config });
    this.act('duty', 1);
  }

  act(kind: 'duty', action: number): void {
    const deed = { kind, duty: 'available', profile: who, at: place(0.5, 0.5) } as const;
    const presence = { gateway: 'g', session: 1 };
    this.step(A.id, {
      type: 'driver.acted',
      driver: who.driver,
      action,
      deed,
      atMs: this.nowMs,
      presence,
    });
  }

  step(zone: ZoneId, command: ZoneCommand): void {
    this.input(zone, { kind: 'command', command });
  }

  input(zone: ZoneId, input: Parameters<typeof stepShard>[2]): void {
    const shard = this.shards.get(zone);
    assert.ok(shard);
    const events = stepShard(shard, zone, input, this.nowMs);
    for (const effect of effectsOf(shard, zone, events, this.nowMs)) this.carryOut(effect);
    for (const each of this.shards.values()) assert.deepEqual(checkShard(each), []);
  }

  private carryOut(effect: Effect): void {
    if (effect.kind === 'send') this.wire.push({ zone: effect.zone, command: effect.command });
    if (effect.kind !== 'directory') return;
    if (effect.zone) this.directory.set(effect.driver, effect.zone);
    else if (this.directory.get(effect.driver) === effect.from)
      this.directory.delete(effect.driver);
  }

  /** Where the driver is known and may work. */
  homes(): ZoneId[] {
    return [...this.shards].flatMap(([zone, shard]) => {
      const driver = shard.zones.get(zone)?.driver(who.driver);
      return driver && !driver.leaving ? [zone] : [];
    });
  }

  timers(): void {
    this.nowMs += A.policy.repeatMs;
    for (const zone of this.shards.keys()) this.input(zone, { kind: 'timer' });
  }
}

test('a driver who strays is handed over whole, and the directory follows', () => {
  const world = new TwoZones();
  world.step(A.id, { type: 'driver.strayed', driver: who.driver, to: B.id });
  assert.deepEqual(world.homes(), [], 'frozen until the other zone answers');
  for (let next = world.wire.shift(); next; next = world.wire.shift())
    world.step(next.zone, next.command);
  assert.deepEqual(world.homes(), [B.id]);
  assert.equal(world.shards.get(A.id)?.zones.get(A.id)?.driver(who.driver), null);
  assert.equal(world.directory.get(who.driver), B.id);
  const there = world.shards.get(B.id)?.zones.get(B.id)?.driver(who.driver);
  assert.deepEqual(
    [there?.lastAction, there?.duty, there?.fix?.cell],
    [1, 'available', place(0.5, 0.5).cell],
  );
});

test('a driver with work is not handed over', () => {
  const world = new TwoZones();
  world.step(A.id, { type: 'delivery.request', number: 1, request: request(1) });
  world.step(A.id, {
    type: 'delivery.ops',
    request: 'r1',
    actor: 'ops',
    reason: 'test',
    delivery: request(1).id,
    verb: { kind: 'assign', driver: who.driver },
  });
  world.step(A.id, { type: 'driver.strayed', driver: who.driver, to: B.id });
  assert.deepEqual([world.homes(), world.wire.length], [[A.id], 0]);
});

test('whatever is lost, repeated or reordered, the driver ends in exactly one zone', () => {
  const act = fc.oneof(
    fc.record({ kind: fc.constant('deliver' as const), at: fc.nat(), keep: fc.boolean() }),
    fc.record({ kind: fc.constant('lose' as const), at: fc.nat() }),
    fc.record({ kind: fc.constant('timers' as const) }),
    fc.record({ kind: fc.constant('stray' as const), back: fc.boolean() }),
  );
  fc.assert(
    fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
      const world = new TwoZones();
      for (const each of acts) {
        if (each.kind === 'timers') world.timers();
        if (each.kind === 'stray') {
          const [from, to] = each.back ? [B.id, A.id] : [A.id, B.id];
          world.step(from, { type: 'driver.strayed', driver: who.driver, to });
        }
        if ((each.kind === 'deliver' || each.kind === 'lose') && world.wire.length > 0) {
          const at = each.at % world.wire.length;
          const [message] =
            each.kind === 'deliver' && each.keep ? [world.wire[at]] : world.wire.splice(at, 1);
          if (each.kind === 'deliver' && message) world.step(message.zone, message.command);
        }
        assert.ok(world.homes().length <= 1, 'never at work in two zones');
      }
      for (let round = 0; round < 6; round++) {
        world.timers();
        for (let next = world.wire.shift(); next; next = world.wire.shift())
          world.step(next.zone, next.command);
      }
      assert.equal(world.homes().length, 1);
    }),
    { numRuns: 300, includeErrorInReport: true },
  );
});
