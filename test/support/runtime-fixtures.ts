/** Commands and hosts for runtime tests: a zone of its own, requests by number, one host per call. */
import type { Envelope } from '../../contracts/commands.ts';
import type { DeliveryId, ZoneId } from '../../contracts/ids.ts';
import { newId } from '../../contracts/ids.ts';
import type { RuntimePorts } from '../../dispatch/runtime/ports.ts';
import type { HostOptions } from '../../dispatch/runtime/shard-host.ts';
import { ShardHost } from '../../dispatch/runtime/shard-host.ts';
import type { ToyShard } from './toy-engine.ts';
import { toyEngine } from './toy-engine.ts';

export const TEST_ZONE: ZoneId = newId('zone', 1_700_000_000_000);

const PLACE = { latE7: 520_000_000, lonE7: 130_000_000, cell: 1 };

/** A valid request for a delivery. */
export function requestEnvelope(delivery: DeliveryId, zone: ZoneId = TEST_ZONE): Envelope {
  return {
    zone,
    command: {
      type: 'delivery.request',
      number: 1,
      request: {
        id: delivery,
        account: 'acc_test',
        pickup: PLACE,
        dropoff: PLACE,
        placedMs: 0,
        readyMs: 0,
        readySource: 'estimated',
        load: { parcels: 1, volumeMl: 0, weightG: 0 },
        ifUndeliverable: 'return',
      },
    },
  };
}

/** A command that the toy breaks on. */
export function poisonEnvelope(delivery: DeliveryId, zone: ZoneId = TEST_ZONE): Envelope {
  return {
    zone,
    command: { type: 'delivery.cancel', number: 2, delivery, code: 'damaged', fault: 'vendor' },
  };
}

/** A command that makes the toy want a timer at `dueMs`. */
export function timerEnvelope(delivery: DeliveryId, dueMs: number): Envelope {
  return {
    zone: TEST_ZONE,
    command: {
      type: 'delivery.ready',
      number: 2,
      delivery,
      readyMs: dueMs,
      readySource: 'kitchen',
    },
  };
}

export type ToyHost = ShardHost<ToyShard, string>;

/** A host with the toy engine. */
export function toyHost(
  ports: RuntimePorts,
  owner: string,
  options: Partial<HostOptions<ToyShard, string>> = {},
): ToyHost {
  const report = (): void => {};
  return new ShardHost({ shard: 0, owner, engine: toyEngine, ports, report, ...options });
}

/** Turns until a turn commits nothing (and, when restoring, until it runs). */
export async function settleHost(host: ToyHost): Promise<void> {
  for (let turns = 0; turns < 1_000; turns++) {
    const busy = await host.advance();
    if (!busy && host.mode === 'running') return;
  }
  throw new Error(`the host did not settle, mode ${host.mode}`);
}
