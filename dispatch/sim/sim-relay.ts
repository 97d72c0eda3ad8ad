/**
 * The outbox of the shops: numbers the commands of each delivery and re-sends the lowest that the log
 * has not confirmed or refused. What it has been told is what must have happened exactly once.
 */
import type { DeliveryCommand, DeliveryRequest } from '../../contracts/commands.ts';
import type { ZoneEvent } from '../../contracts/events.ts';
import type { DeliveryId, ZoneId } from '../../contracts/ids.ts';
import type { Network } from './network.ts';

const RESEND_MS = 2_000;

interface Outbox {
  readonly zone: ZoneId;
  readonly commands: DeliveryCommand[];
  confirmed: number;
}

export class SimRelay {
  private readonly network: Network;
  private readonly outboxes = new Map<DeliveryId, Outbox>();

  constructor(network: Network) {
    this.network = network;
    this.resend();
  }

  request(zone: ZoneId, request: DeliveryRequest): void {
    const command: DeliveryCommand = { type: 'delivery.request', number: 1, request };
    this.outboxes.set(request.id, { zone, commands: [command], confirmed: 0 });
    this.network.send({ zone, command });
  }

  cancel(delivery: DeliveryId): void {
    const outbox = this.outboxes.get(delivery);
    if (!outbox) return;
    const why = { code: 'cancelled_by_customer', fault: 'customer' } as const;
    const number = outbox.commands.length + 1;
    outbox.commands.push({ type: 'delivery.cancel', number, delivery, ...why });
  }

  /** What the log says. */
  hear(event: ZoneEvent): void {
    if (event.type === 'delivery.requested') this.confirm(event.request.id, event.number);
    else if (event.type === 'delivery.confirmed' || event.type === 'delivery.refused') {
      this.confirm(event.delivery, event.number);
    }
  }

  /** Commands the log has not answered. */
  get unconfirmed(): number {
    let count = 0;
    for (const { commands, confirmed } of this.outboxes.values()) {
      count += commands.length - confirmed;
    }
    return count;
  }

  private confirm(delivery: DeliveryId, number: number): void {
    const outbox = this.outboxes.get(delivery);
    if (outbox) outbox.confirmed = Math.max(outbox.confirmed, number);
  }

  private resend(): void {
    this.network.agenda.in(RESEND_MS, () => {
      for (const { zone, commands, confirmed } of this.outboxes.values()) {
        const command = commands[confirmed];
        if (command) this.network.send({ zone, command });
      }
      this.resend();
    });
  }
}
