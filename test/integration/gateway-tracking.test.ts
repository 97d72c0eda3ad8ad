import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import {
  createTrackClient,
  createViewClient,
  type TrackPosition,
  type TrackStatus,
} from '../../client/index.ts';
import type { DeliveryId } from '../../contracts/ids.ts';
import { newId } from '../../contracts/ids.ts';
import type { TrackMessage } from '../../contracts/push.ts';
import type { DeliveryState } from '../../contracts/states.ts';
import { failOnLeaks } from '../support/leaks.ts';
import type { Scope } from '../support/scope.ts';
import { cleanUpInReverse } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';
import { openStage, type Stage } from './gateway-stage.ts';

failOnLeaks();

const CELL = '861f18b27ffffff';

function status(delivery: DeliveryId, seq: number, state: DeliveryState): TrackMessage {
  const times = { atMs: 1_000 * seq, promiseMs: 9_000_000, etaMs: 8_000_000 };
  return { t: 'status', delivery, state, epoch: 5, seq, ...times };
}

function position(delivery: DeliveryId, seq: number, fixMs: number): TrackMessage {
  const at = { latE7: 525_200_000 + seq, lonE7: 134_000_000, heading: 90 };
  const range = { etaFromMs: 7_920_000, etaToMs: 8_160_000 };
  return { t: 'pos', delivery, ...at, fixMs, etaMs: 8_000_000, ...range, epoch: 5, seq };
}

/** A customer on the tracking page of one delivery. */
async function watching(scope: Scope, stage: Stage, delivery: DeliveryId) {
  const token = await stage.linkToken(delivery);
  const statuses: TrackStatus[] = [];
  const positions: TrackPosition[] = [];
  const refused: string[] = [];
  const client = createTrackClient({ url: stage.url, token });
  cleanUpInReverse(scope, () => client.close());
  await client.connect();
  const tracking = client.track(delivery, null, {
    onStatus: (each) => statuses.push(each),
    onPosition: (each) => positions.push(each),
    onRefused: (code) => refused.push(code),
  });
  return { client, tracking, statuses, positions, refused };
}

describe('a customer', () => {
  it('sees what was before it came, then each state and position', async (t) => {
    const stage = await openStage(t);
    const delivery = newId('delivery');
    await stage.track(status(delivery, 1, 'assigned'));
    await stage.track(position(delivery, 2, 1_000));
    const { statuses, positions } = await watching(t, stage, delivery);
    await waitFor(() => statuses.length === 1 && positions.length === 1);
    assert.equal(statuses[0]?.state, 'assigned');
    assert.equal(positions[0]?.latE7, 525_200_002);
    await stage.track(position(delivery, 3, 2_000));
    await stage.track(status(delivery, 4, 'picked_up'));
    await waitFor(() => statuses.length === 2 && positions.length === 2);
    assert.equal(positions[1]?.fixMs, 2_000);
    assert.equal(positions[1]?.etaMs, 8_000_000);
    assert.deepEqual([positions[1]?.etaFromMs, positions[1]?.etaToMs], [7_920_000, 8_160_000]);
  });

  it('never sees the driver go back in time, nor a state that is older', async (t) => {
    const stage = await openStage(t);
    const delivery = newId('delivery');
    const { statuses, positions } = await watching(t, stage, delivery);
    await stage.track(status(delivery, 8, 'picked_up'));
    await waitFor(() => statuses.length === 1);
    await stage.track(position(delivery, 9, 5_000));
    await waitFor(() => positions.length === 1);
    await stage.track(position(delivery, 10, 4_000));
    await stage.track(status(delivery, 7, 'assigned'));
    await stage.track(position(delivery, 11, 6_000));
    await waitFor(() => positions.length === 2);
    assert.deepEqual(
      positions.map((each) => each.fixMs),
      [5_000, 6_000],
    );
    assert.deepEqual(
      statuses.map((each) => each.state),
      ['picked_up'],
    );
  });

  it('does not see the driver before it works on this delivery, nor after', async (t) => {
    const stage = await openStage(t);
    const delivery = newId('delivery');
    await stage.track(status(delivery, 1, 'pending'));
    await stage.track(position(delivery, 2, 1_000));
    const { statuses, positions } = await watching(t, stage, delivery);
    await waitFor(() => statuses.length === 1);
    await stage.track(position(delivery, 3, 2_000));
    await stage.track(status(delivery, 4, 'delivered'));
    await waitFor(() => statuses.length === 2);
    await stage.track(position(delivery, 5, 3_000));
    await waitFor(() => stage.gateway.metrics.flows.pos_frames === 0);
    assert.deepEqual(positions, []);
  });

  it('resumes after a reconnect with what it missed', async (t) => {
    const stage = await openStage(t);
    const delivery = newId('delivery');
    await stage.track(status(delivery, 1, 'assigned'));
    const { statuses, client } = await watching(t, stage, delivery);
    await waitFor(() => statuses.length === 1);
    await stage.gateway.stop(0);
    await stage.track(status(delivery, 2, 'at_pickup'));
    const again = await stage.restart(t);
    await waitFor(() => statuses.length === 2, { timeoutMs: 10_000 });
    assert.equal(statuses[1]?.state, 'at_pickup');
    assert.equal(client.state, 'live');
    assert.equal(again.socketCount, 1);
  });

  it('gets the updates of many deliveries in one frame', async (t) => {
    const stage = await openStage(t, { gateway: { flushMs: 200 } });
    const deliveries = Array.from({ length: 20 }, () => newId('delivery'));
    const token = await stage.linkToken(deliveries[0] ?? '');
    const client = createTrackClient({ url: stage.url, token });
    t.after(() => client.close());
    await client.connect();
    const seen = new Set<string>();
    for (const delivery of deliveries) {
      client.track(delivery, await stage.linkToken(delivery), {
        onPosition: (each) => seen.add(each.delivery),
      });
    }
    await waitFor(() => stage.gateway.metrics.flows.messages >= 21);
    for (const delivery of deliveries) await stage.track(status(delivery, 1, 'assigned'));
    await waitFor(() => stage.gateway.metrics.flows.events >= 20);
    const { flows } = stage.gateway.metrics;
    await Promise.all(deliveries.map((each) => stage.track(position(each, 2, 1_000))));
    await waitFor(() => seen.size === 20);
    assert.equal(flows.pos_updates, 20);
    assert.ok(flows.pos_frames <= 3, `${flows.pos_frames} frames`);
  });

  it('that reads nothing costs the others nothing, and gets the newest in the end', async (t) => {
    const stage = await openStage(t, { gateway: { socketBytesMax: 16_384 } });
    const delivery = newId('delivery');
    await stage.track(status(delivery, 1, 'assigned'));
    const { socket: slow } = await slowSocket(t, stage, delivery);
    const { positions } = await watching(t, stage, delivery);
    // Pictures of a quarter of a megabyte fill the buffers of the kernel first.
    const picture = { cell: CELL, pad: 'x'.repeat(250_000) };
    const { flows, refusals } = stage.gateway.metrics;
    await waitFor(
      async () => {
        await stage.publish({ cell: CELL }, picture);
        return flows.latest_overwritten > 0;
      },
      { timeoutMs: 20_000, intervalMs: 0 },
    );
    const framesBefore = flows.pos_frames;
    for (let fixMs = 1_001; fixMs <= 1_020; fixMs++) {
      await stage.track(position(delivery, fixMs, fixMs));
      await waitFor(() => positions.at(-1)?.fixMs === fixMs);
    }
    assert.equal(flows.pos_frames - framesBefore, 20, 'only the fast one was sent frames');
    slow.resume();
    await waitFor(() => flows.pos_frames - framesBefore === 21);
    assert.equal(refusals.slow_consumer, 0);
  });

  it('that takes no bytes for too long is closed with its code behind what it has not read', async (t) => {
    const stage = await openStage(t, { gateway: { socketBytesMax: 400_000, stuckMs: 200 } });
    const delivery = newId('delivery');
    const { socket, heard } = await slowSocket(t, stage, delivery);
    const picture = { cell: CELL, pad: 'x'.repeat(250_000) };
    const { flows, closes } = stage.gateway.metrics;
    await waitFor(
      async () => {
        await stage.publish({ cell: CELL }, picture);
        return flows.latest_overwritten > 0;
      },
      { timeoutMs: 20_000, intervalMs: 0 },
    );
    await waitFor(() => closes.slow_consumer === 1);
    socket.resume();
    await waitFor(() => heard().includes('slow_consumer'));
  });
});

/** A socket by hand, so that it can stop reading: ops that watches a delivery and a cell. */
async function slowSocket(
  scope: Scope,
  stage: Stage,
  delivery: DeliveryId,
): Promise<{ readonly socket: Socket; readonly heard: () => string }> {
  const socket = connect({ host: '127.0.0.1', port: stage.gateway.port });
  cleanUpInReverse(scope, () => void socket.destroy());
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  const said = (): string => Buffer.concat(chunks).toString('latin1');
  socket.write(
    'GET /v1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
      'Sec-WebSocket-Protocol: waggle.v1\r\n\r\n',
  );
  await waitFor(() => said().includes('101 '));
  const token = await stage.opsToken();
  socket.write(textFrame({ t: 'hello', token, app: '1', platform: 'test' }));
  await waitFor(() => said().includes('"welcome"'));
  socket.write(textFrame({ t: 'sub', channel: 'delivery', id: delivery }));
  socket.write(textFrame({ t: 'view', cells: [CELL] }));
  await waitFor(() => said().includes('"subok"'));
  socket.pause();
  return { socket, heard: said };
}

/** A masked text frame (RFC 6455), the mask all zeros. */
function textFrame(message: object): Buffer {
  const body = Buffer.from(JSON.stringify(message));
  const head =
    body.length < 126
      ? Buffer.from([0x81, 0x80 | body.length])
      : Buffer.from([0x81, 0xfe, body.length >> 8, body.length & 0xff]);
  return Buffer.concat([head, Buffer.alloc(4), body]);
}

describe('a viewer', () => {
  it('of ops gets the pictures of its cells and of the nodes, and no longer when it looks away', async (t) => {
    const stage = await openStage(t);
    const cells: string[] = [];
    const nodes: string[] = [];
    const client = createViewClient({
      url: stage.url,
      token: await stage.opsToken(),
      onCell: (picture) => cells.push(picture.cell),
      onNode: (picture) => nodes.push(picture.node),
    });
    t.after(() => client.close());
    client.watch([CELL], { nodes: true });
    await client.connect();
    await waitFor(async () => {
      await stage.publish({ cell: CELL }, { cell: CELL });
      await stage.publish('nodes', { node: 'n1' });
      return cells.length > 0 && nodes.length > 0;
    });
    client.watch([], { nodes: false });
    await waitFor(() => stage.publish({ cell: CELL }, { cell: CELL }).then((count) => count === 0));
  });
});
