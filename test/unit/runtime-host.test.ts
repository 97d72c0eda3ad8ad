/** The shard host over the memory twin: commit, recovery, poison, fencing, time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId } from '../../contracts/ids.ts';
import { ManualClock } from '../../dispatch/memory/manual-clock.ts';
import { memoryPorts } from '../../dispatch/memory/memory-ports.ts';
import type { FaultHook } from '../../dispatch/memory/memory-store.ts';
import { MemoryStore } from '../../dispatch/memory/memory-store.ts';
import { auditRecord } from '../../dispatch/runtime/audit.ts';
import { LEASE_MS } from '../../dispatch/runtime/limits.ts';
import type { RuntimePorts } from '../../dispatch/runtime/ports.ts';
import {
  poisonEnvelope,
  requestEnvelope,
  settleHost,
  TEST_ZONE,
  timerEnvelope,
  toyHost,
} from '../support/runtime-fixtures.ts';
import { toyEngine } from '../support/toy-engine.ts';

function installation(fault?: FaultHook): {
  clock: ManualClock;
  store: MemoryStore;
  ports: RuntimePorts;
} {
  const clock = new ManualClock(1_700_000_000_000);
  const store = new MemoryStore({ nowMs: () => clock.hostMs(), ...(fault ? { fault } : {}) });
  return { clock, store, ports: memoryPorts(store, clock) };
}

function newDeliveries(count: number): string[] {
  return Array.from({ length: count }, () => newId('delivery'));
}

test('a batch of commands becomes one record and the mailbox is trimmed behind it', async () => {
  const { store, ports } = installation();
  const host = toyHost(ports, 'a');
  await ports.mailbox.append(
    0,
    newDeliveries(100).map((id) => requestEnvelope(id)),
  );
  await settleHost(host);
  const [record, ...more] = store.records(0);
  assert.equal(more.length, 0);
  assert.equal(record?.inputs.length, 100);
  assert.equal(record?.events.length, 100);
  assert.deepEqual(record?.predecessor, { epoch: 0, seq: 0 });
  assert.equal(await ports.mailbox.length(0), 0);
  await host.letGo();
});

test('an abandoned owner is followed after its lease; state is equal and nothing is done twice', async () => {
  const { clock, store, ports } = installation();
  const first = toyHost(ports, 'a', { snapshotRecords: 3 });
  const deliveries = newDeliveries(10);
  for (const id of deliveries) {
    await ports.mailbox.append(0, [requestEnvelope(id)]);
    await settleHost(first);
  }
  const before = first.tenure && toyEngine.hash(first.tenure.shard);
  await first.tenure?.close();
  const second = toyHost(ports, 'b');
  await second.advance();
  assert.equal(second.mode, 'off', 'the lease is still held');
  clock.advance(LEASE_MS);
  await ports.mailbox.append(
    0,
    deliveries.map((id) => requestEnvelope(id)),
  );
  await second.advance();
  await settleHost(second);
  assert.equal(second.tenure && toyEngine.hash(second.tenure.shard), before);
  assert.equal(second.takeoverMs, LEASE_MS);
  const records = store.records(0);
  const opening = records.find((record) => record.epoch === second.epoch);
  assert.equal(opening?.predecessor?.seq, 10);
  assert.equal(opening?.gapMs, LEASE_MS);
  await second.letGo();
});

test('a commit whose answer is lost is found in the log and not repeated', async () => {
  let lose = false;
  const { store, ports } = installation((operation, point) => {
    if (!lose || operation !== 'log.commit' || point !== 'after') return;
    lose = false;
    throw new Error('connection lost');
  });
  const host = toyHost(ports, 'a');
  await settleHost(host);
  lose = true;
  await ports.mailbox.append(
    0,
    newDeliveries(1).map((id) => requestEnvelope(id)),
  );
  await settleHost(host);
  assert.equal(store.records(0).length, 1);
  assert.equal(host.restores, 1);
  await host.letGo();
});

test('a commit that never arrived makes the host drop its memory and restore', async () => {
  let lose = false;
  const { store, ports } = installation((operation, point) => {
    if (!lose || operation !== 'log.commit' || point !== 'before') return;
    lose = false;
    throw new Error('connection lost');
  });
  const host = toyHost(ports, 'a');
  await settleHost(host);
  lose = true;
  const [delivery = ''] = newDeliveries(1);
  await ports.mailbox.append(0, [requestEnvelope(delivery)]);
  await settleHost(host);
  assert.equal(host.restores, 2);
  assert.equal(store.records(0).length, 1);
  assert.equal(host.tenure?.shard.get(TEST_ZONE)?.seen.get(delivery), 1);
  await host.letGo();
});

test('an input that stops the host twice is quarantined and leaves no half-done change', async () => {
  const { store, ports } = installation();
  const host = toyHost(ports, 'a');
  const [first = '', second = ''] = newDeliveries(2);
  await ports.mailbox.append(0, [requestEnvelope(first)]);
  await settleHost(host);
  await ports.mailbox.append(0, [poisonEnvelope(first), requestEnvelope(second)]);
  await settleHost(host);
  const zone = host.tenure?.shard.get(TEST_ZONE);
  assert.equal(zone?.quarantined, 1);
  assert.equal(zone?.seen.get(second), 1);
  assert.equal(zone?.seen.has('half-done'), false);
  const inputs = store.records(0).flatMap((record) => record.inputs);
  const kept = inputs.flatMap(({ input }) => (input.kind === 'quarantined' ? [input] : []));
  assert.deepEqual(
    kept.map(({ envelope }) => envelope),
    [poisonEnvelope(first)],
    'the log keeps what it was, to be sent again',
  );
  await host.letGo();
});

test('an owner that is too late stops itself before its lease can have expired', async () => {
  const { clock, store, ports } = installation();
  const host = toyHost(ports, 'a');
  await settleHost(host);
  await ports.mailbox.append(
    0,
    newDeliveries(1).map((id) => requestEnvelope(id)),
  );
  clock.advance(LEASE_MS - 400);
  await host.advance();
  assert.equal(host.mode, 'off');
  assert.equal(store.records(0).length, 0);
  await host.letGo();
});

test('timers wait until the mailbox is drained', async () => {
  const { clock, store, ports } = installation();
  const host = toyHost(ports, 'a');
  const [delivery = ''] = newDeliveries(1);
  await ports.mailbox.append(0, [timerEnvelope(delivery, clock.zoneMs() + 500)]);
  await settleHost(host);
  await ports.mailbox.append(
    0,
    newDeliveries(300).map((id) => requestEnvelope(id)),
  );
  clock.advance(1_000);
  await settleHost(host);
  const kinds = store.records(0).flatMap((record) => record.inputs.map(({ input }) => input.kind));
  assert.equal(kinds.indexOf('timer'), kinds.length - 1);
  assert.equal(kinds.length, 302);
  const times = store.records(0).map((record) => record.atMs);
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  );
  await host.letGo();
});

test('a snapshot and the log after it lead to the same state; the log is trimmed behind the older', async () => {
  const { store, ports } = installation();
  const host = toyHost(ports, 'a', { snapshotRecords: 4 });
  for (const id of newDeliveries(20)) {
    await ports.mailbox.append(0, [requestEnvelope(id)]);
    await settleHost(host);
    await host.snapshotter?.settle();
  }
  const hash = host.tenure && toyEngine.hash(host.tenure.shard);
  const generations = await ports.snapshots.generations(0);
  assert.equal(generations.length, 2);
  const oldest = store.records(0)[0];
  assert.ok((oldest?.seq ?? 0) > 1, 'trimmed');
  assert.equal(oldest?.seq, (generations[1]?.position.seq ?? 0) + 1);
  await host.letGo();
  const next = toyHost(ports, 'b');
  await settleHost(next);
  assert.equal(next.tenure && toyEngine.hash(next.tenure.shard), hash);
  assert.equal(next.mode, 'running');
  await next.letGo();
});

test('a registered consumer holds back trimming', async () => {
  const { store, ports } = installation();
  await ports.log.setConsumer(0, 'projector', { epoch: 0, seq: 0 });
  const host = toyHost(ports, 'a', { snapshotRecords: 2 });
  for (const id of newDeliveries(12)) {
    await ports.mailbox.append(0, [requestEnvelope(id)]);
    await settleHost(host);
    await host.snapshotter?.settle();
  }
  assert.equal(store.records(0).length, 12);
  await host.letGo();
});

test('audit agrees with what was recorded and finds what was changed', async () => {
  const { store, ports } = installation();
  const host = toyHost(ports, 'a');
  for (const id of newDeliveries(70)) {
    await ports.mailbox.append(0, [requestEnvelope(id)]);
    await settleHost(host);
  }
  await host.letGo();
  const state = toyEngine.create(0);
  const findings = store.records(0).flatMap((record) => auditRecord(toyEngine, state, record));
  assert.deepEqual(findings, []);
  const [record] = store.records(0);
  assert.ok(record);
  const forged = { ...record, events: [] };
  assert.equal(auditRecord(toyEngine, toyEngine.create(0), forged).length, 1);
});

test('a full log takes no more in, drops nothing, and goes on once it was trimmed', async () => {
  const { store, ports } = installation();
  const small = memoryPorts(store, ports.clock);
  Object.defineProperty(store, 'logBytesMax', { value: 4_000 });
  const host = toyHost(small, 'a', { snapshotRecords: 1_000, logBytesMax: 4_000 });
  const pending = newDeliveries(60);
  let refused = 0;
  while (pending.length > 0) {
    const [outcome] = await small.mailbox.append(0, [requestEnvelope(pending[0] ?? '')]);
    if (outcome === 'ok') pending.shift();
    else refused++;
    await host.advance();
    await host.snapshotter?.settle();
    assert.ok(refused < 1_000, 'never accepted again');
  }
  await settleHost(host);
  assert.ok(refused > 0);
  assert.equal(host.tenure?.shard.get(TEST_ZONE)?.seen.size, 60);
  await host.letGo();
});
