/**
 * Stands in for deliveries, engine and drivers in the benchmark of orders: whatever is wanted is
 * picked up and delivered at once. A process of its own; takes the URL of Redis.
 */
import { Redis } from 'ioredis';
import { newId } from '../../contracts/ids.ts';
import {
  DELIVERY_REQUESTS,
  DELIVERY_STREAM,
  type DeliveryAsked,
  type DeliveryChanged,
} from '../../contracts/messages/deliveries.ts';
import type { EventEntry } from '../../platform/event-stream.ts';

const GROUP = 'couriers';
const BATCH = 500;
const STATES = ['pending', 'picked_up', 'delivered'] as const;

const [url = ''] = process.argv.slice(2);
const reading = new Redis(url);
const writing = new Redis(url);
let seq = 0;

function changes({ event }: EventEntry<DeliveryAsked>): string[] {
  if (event.type !== 'delivery.wanted') return [];
  const { id: delivery, account, externalId, customer } = event;
  return STATES.map((state) => {
    const change: DeliveryChanged = {
      type: 'delivery.changed',
      ...{ delivery, account, externalId, customer, state, zone: newId('zone') },
      driver: null,
      atMs: Date.now(),
      reason: null,
      version: [1, ++seq, 0],
    };
    return JSON.stringify({ id: newId('event'), correlation: null, event: change });
  });
}

await reading.xgroup('CREATE', DELIVERY_REQUESTS, GROUP, '0', 'MKSTREAM');
process.send?.('ready');
process.once('disconnect', () => process.exit(0));
process.once('SIGTERM', () => process.exit(0));
for (;;) {
  const answer = (await reading.xreadgroup(
    ...(['GROUP', GROUP, 'one', 'COUNT', BATCH, 'BLOCK', 1_000] as const),
    ...(['STREAMS', DELIVERY_REQUESTS, '>'] as const),
  )) as [string, [string, string[]][]][] | null;
  const entries = answer?.[0]?.[1] ?? [];
  if (entries.length === 0) continue;
  const batch = writing.multi();
  for (const [, fields] of entries) {
    for (const text of changes(JSON.parse(fields[1] ?? ''))) {
      batch.xadd(DELIVERY_STREAM, '*', 'e', text);
    }
  }
  batch.xack(DELIVERY_REQUESTS, GROUP, ...entries.map(([id]) => id));
  await batch.exec();
}
