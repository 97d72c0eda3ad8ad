/** What both adapters of the runtime's ports promise. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { newId } from '../../contracts/ids.ts';
import type { LogRecord } from '../../dispatch/runtime/log-record.ts';
import type { AcquireOutcome, Fence, RuntimePorts } from '../../dispatch/runtime/ports.ts';
import { STREAM_START } from '../../dispatch/runtime/stream-id.ts';
import { poisonEnvelope, requestEnvelope, TEST_ZONE } from '../support/runtime-fixtures.ts';
import { TWINS } from '../support/twins.ts';

const SHARD = 3;
const LONG_MS = 60_000;
const SHORT_MS = 100;

function record(fence: Fence, seq: number, over: Partial<LogRecord> = {}): LogRecord {
  return {
    ...{ v: 1, epoch: fence.epoch, seq, atMs: 1_000 + seq, cursor: STREAM_START },
    ...{ inputs: [], events: [], weights: {}, flags: [] },
    ...over,
  };
}

async function take(
  ports: RuntimePorts,
  owner: string,
  ttlMs = LONG_MS,
): Promise<Extract<AcquireOutcome, { kind: 'acquired' }>['grant']> {
  const outcome = await ports.lease.acquire(SHARD, owner, `nonce-${owner}`, ttlMs);
  assert.equal(outcome.kind, 'acquired');
  if (outcome.kind !== 'acquired') throw new Error('not acquired');
  return outcome.grant;
}

async function commitMany(ports: RuntimePorts, fence: Fence, from: number, to: number) {
  for (let seq = from; seq <= to; seq++) {
    const answer = await ports.log.commit(fence, record(fence, seq));
    assert.equal(answer.outcome, 'committed');
  }
}

for (const twin of TWINS) {
  describe(`ports on ${twin.name}`, () => {
    test('a lease has one holder, and the epoch grows from owner to owner', async (t) => {
      const { ports } = await twin.open(t);
      const first = await take(ports, 'a');
      assert.equal(first.previous, null);
      assert.deepEqual(first.last, { epoch: 0, seq: 0 });
      const second = await ports.lease.acquire(SHARD, 'b', 'nonce-b', LONG_MS);
      assert.equal(second.kind, 'held');
      assert.equal(second.kind === 'held' && second.owner, 'a');
      assert.equal(await ports.lease.release(first.fence), true);
      assert.equal(await ports.lease.release(first.fence), false);
      const third = await take(ports, 'b');
      assert.ok(third.fence.epoch > first.fence.epoch);
      assert.equal(third.previous?.owner, 'a');
      assert.equal(third.previous?.released, true);
    });

    test('the epoch is at least the time of the store in ms', async (t) => {
      const { ports } = await twin.open(t);
      const before = ports.clock.hostMs();
      const { fence } = await take(ports, 'a');
      assert.ok(fence.epoch >= Math.floor(before) - 5);
      assert.ok(Number.isSafeInteger(fence.epoch));
    });

    test('a lease that ran out can be taken, and then its old owner can neither renew nor commit', async (t) => {
      const { ports, until } = await twin.open(t);
      const old = await take(ports, 'a', SHORT_MS);
      await commitMany(ports, old.fence, 1, 2);
      let taken: AcquireOutcome | undefined;
      await until(async () => {
        taken = await ports.lease.acquire(SHARD, 'b', 'nonce-b', LONG_MS);
        return taken.kind === 'acquired';
      });
      assert.equal(taken?.kind === 'acquired' && taken.grant.previous?.released, false);
      assert.equal(taken?.kind === 'acquired' && taken.grant.last.seq, 2);
      assert.equal(await ports.lease.renew(old.fence, LONG_MS), false);
      const answer = await ports.log.commit(old.fence, record(old.fence, 3));
      assert.equal(answer.outcome, 'lost_lease');
      assert.equal((await ports.log.last(SHARD)).seq, 2);
    });

    test('renewing keeps others out', async (t) => {
      const { ports, until } = await twin.open(t);
      const { fence } = await take(ports, 'a', SHORT_MS);
      const startMs = ports.clock.hostMs();
      await until(async () => {
        assert.equal(await ports.lease.renew(fence, SHORT_MS * 5), true);
        const other = await ports.lease.acquire(SHARD, 'b', 'nonce-b', LONG_MS);
        assert.equal(other.kind, 'held');
        return ports.clock.hostMs() - startMs > SHORT_MS * 2;
      });
    });

    test('a commit with a wrong seq writes nothing', async (t) => {
      const { ports } = await twin.open(t);
      const { fence } = await take(ports, 'a');
      await commitMany(ports, fence, 1, 1);
      for (const seq of [1, 3]) {
        const answer = await ports.log.commit(fence, record(fence, seq));
        assert.equal(answer.outcome, 'wrong_seq');
      }
      assert.equal((await ports.log.read(SHARD, { epoch: 0, seq: 0 }, 10)).length, 1);
    });

    test('reading goes on over epochs, in pages, and gives back what was written', async (t) => {
      const { ports } = await twin.open(t);
      const first = await take(ports, 'a');
      await commitMany(ports, first.fence, 1, 3);
      await ports.lease.release(first.fence);
      const second = await take(ports, 'b');
      const predecessor = { epoch: first.fence.epoch, seq: 3 };
      await ports.log.commit(second.fence, record(second.fence, 4, { predecessor }));
      const page = await ports.log.read(SHARD, { epoch: first.fence.epoch, seq: 2 }, 1);
      assert.deepEqual(page, [record(first.fence, 3)]);
      const rest = await ports.log.read(SHARD, predecessor, 10);
      assert.deepEqual(rest, [record(second.fence, 4, { predecessor })]);
      assert.deepEqual(await ports.log.last(SHARD), { epoch: second.fence.epoch, seq: 4 });
    });

    test('a full mailbox refuses requests first and driver actions at its reserve', async (t) => {
      const { ports } = await twin.open(t, { mailboxMax: 8 });
      const requests = Array.from({ length: 10 }, () => requestEnvelope(newId('delivery')));
      const outcomes = await ports.mailbox.append(SHARD, requests);
      assert.deepEqual(outcomes, [...Array(8).fill('ok'), 'full', 'full']);
      const actions = Array.from({ length: 4 }, () => poisonEnvelope(newId('delivery')));
      assert.deepEqual(await ports.mailbox.append(SHARD, actions), ['ok', 'ok', 'full', 'full']);
      assert.equal(await ports.mailbox.length(SHARD), 10);
    });

    test('a commit removes what it took in from the mailbox, and nothing else', async (t) => {
      const { ports, until } = await twin.open(t, { mailboxMax: 4 });
      const { fence } = await take(ports, 'a');
      const requests = Array.from({ length: 4 }, () => requestEnvelope(newId('delivery')));
      await ports.mailbox.append(SHARD, requests);
      const intake = await ports.mailbox.open(SHARD, STREAM_START, STREAM_START);
      await until(async () => intake.lag === 4);
      const taken = intake.takeCommands(3);
      assert.deepEqual(
        taken.map((entry) => entry.envelope),
        requests.slice(0, 3),
      );
      assert.equal(intake.drained, false);
      const cursor = taken.at(-1)?.id ?? '';
      const answer = await ports.log.commit(fence, record(fence, 1, { cursor }));
      assert.equal(answer.mailboxLength, 1);
      assert.equal(intake.takeCommands(10).length, 1);
      await until(async () => intake.drained);
      await intake.close();
    });

    test('an intake opened at a cursor sees what comes after it, with positions', async (t) => {
      const { ports, until } = await twin.open(t);
      const [one, two] = [requestEnvelope(newId('delivery')), requestEnvelope(newId('delivery'))];
      await ports.mailbox.append(SHARD, [one]);
      const before = await ports.mailbox.open(SHARD, STREAM_START, STREAM_START);
      await until(async () => before.lag === 1);
      const cursor = before.takeCommands(1)[0]?.id ?? '';
      await before.close();
      const intake = await ports.mailbox.open(SHARD, cursor, STREAM_START);
      await ports.mailbox.append(SHARD, [two]);
      await ports.positions.append(SHARD, TEST_ZONE, new Uint8Array([1, 0, 255]));
      await until(async () => intake.lag === 1);
      assert.deepEqual(intake.takeCommands(9)[0]?.envelope, two);
      let batch: Uint8Array | undefined;
      await until(async () => {
        batch = intake.takePositions(1)[0]?.batch;
        return batch !== undefined;
      });
      assert.deepEqual([...(batch ?? [])], [1, 0, 255]);
      await intake.close();
    });

    test('a log at its byte bound refuses requests at the mailbox, then commits', async (t) => {
      const { ports } = await twin.open(t, { logBytesMax: 1_000 });
      const { fence } = await take(ports, 'a');
      let [outcome, seq] = ['committed', 0];
      while (outcome === 'committed' && seq < 100) {
        seq++;
        ({ outcome } = await ports.log.commit(fence, record(fence, seq)));
      }
      assert.equal(outcome, 'log_full');
      const bytes = await ports.log.bytes(SHARD);
      assert.ok(bytes >= 1_000 && bytes <= 1_250);
      const request = requestEnvelope(newId('delivery'));
      const action = poisonEnvelope(newId('delivery'));
      assert.deepEqual(await ports.mailbox.append(SHARD, [request, action]), ['full', 'ok']);
    });

    test('trimming stops at the least registered consumer and counts bytes down', async (t) => {
      const { ports } = await twin.open(t);
      const { fence } = await take(ports, 'a');
      await commitMany(ports, fence, 1, 10);
      await ports.log.setConsumer(SHARD, 'slow', { epoch: fence.epoch, seq: 4 });
      await ports.log.setConsumer(SHARD, 'fast', { epoch: fence.epoch, seq: 9 });
      assert.equal((await ports.log.consumers(SHARD)).size, 2);
      const bytes = await ports.log.bytes(SHARD);
      const upTo = { epoch: fence.epoch, seq: 8 };
      assert.equal(await ports.log.trim(fence, upTo, 3), 3);
      assert.equal(await ports.log.trim(fence, upTo, 3), 1);
      assert.equal(await ports.log.trim(fence, upTo, 3), 0);
      const left = await ports.log.read(SHARD, { epoch: 0, seq: 0 }, 100);
      assert.equal(left[0]?.seq, 5);
      const expected = left.reduce((sum, kept) => sum + JSON.stringify(kept).length, 0);
      assert.equal(await ports.log.bytes(SHARD), expected);
      assert.ok(expected < bytes);
      assert.equal(await ports.log.trim({ ...fence, nonce: 'other' }, upTo, 3), 0);
    });

    test('a snapshot pointer keeps two generations and obeys the fence', async (t) => {
      const { ports } = await twin.open(t);
      const { fence } = await take(ports, 'a');
      const write = async (seq: number, by: Fence): Promise<boolean> => {
        const position = { epoch: fence.epoch, seq };
        await ports.snapshots.writeChunk(by, position, 0, `zero-${seq}`);
        await ports.snapshots.writeChunk(by, position, 1, `one-${seq}`);
        const meta = { position, cursor: STREAM_START, atMs: seq, chunks: 2, size: 9, hash: 1 };
        return ports.snapshots.flip(by, { v: 1, ...meta });
      };
      for (const seq of [1, 2, 3]) assert.equal(await write(seq, fence), true);
      assert.equal(await write(4, { ...fence, nonce: 'other' }), false);
      const generations = await ports.snapshots.generations(SHARD);
      assert.deepEqual(
        generations.map((meta) => meta.position.seq),
        [3, 2],
      );
      const chunk = (seq: number) =>
        ports.snapshots.readChunk(SHARD, { epoch: fence.epoch, seq }, 1);
      assert.equal(await chunk(3), 'one-3');
      assert.equal(await chunk(2), 'one-2');
      assert.equal(await chunk(1), null);
    });

    test('poison is counted for the owner and forgotten when it says so', async (t) => {
      const { ports } = await twin.open(t);
      const { fence } = await take(ports, 'a');
      assert.equal(await ports.poison.count(fence, '5-0'), 1);
      assert.equal(await ports.poison.count(fence, '5-0'), 2);
      assert.equal(await ports.poison.count(fence, '6-0'), 1);
      await ports.poison.clear(fence);
      assert.equal(await ports.poison.count(fence, '5-0'), 1);
    });
  });
}
