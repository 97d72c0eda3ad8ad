import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ZoneEvent } from '../../contracts/events.ts';
import {
  applyShard,
  checkShard,
  decodeShard,
  hashShard,
  Shard,
  stepShard,
} from '../../dispatch/core/index.ts';
import { zoneConfig } from '../support/core-fixtures.ts';

const GOLDEN = join(import.meta.dirname, '..', 'golden', 'core');
const zone = zoneConfig().id;

function lines(version: string, file: string): string[] {
  return readFileSync(join(GOLDEN, version, file), 'utf8')
    .trim()
    .split('\n');
}

for (const version of readdirSync(GOLDEN)) {
  test(`the log and the snapshot of ${version} still give one and the same state`, () => {
    const replayed = new Shard(0);
    let lastMs = 0;
    for (const line of lines(version, 'log.jsonl')) {
      const { event, atMs } = JSON.parse(line) as { event: ZoneEvent; atMs: number };
      applyShard(replayed, zone, event, atMs);
      lastMs = atMs;
    }
    const restored = decodeShard(lines(version, 'snapshot.jsonl'));
    assert.equal(hashShard(restored), hashShard(replayed));
    assert.deepEqual(checkShard(restored), []);
    // And it goes on from there: time alone brings everything to its end.
    for (let day = 1; day <= 3; day++) {
      stepShard(restored, zone, { kind: 'timer' }, lastMs + day * 86_400_000);
    }
    assert.equal(restored.zones.get(zone)?.deliveries.size, 0);
  });
}
