/** One step under way: what is decided is applied at once and collected for the log. */
import type { ZoneEvent } from '../../contracts/events.ts';
import type { DeliveryId, DriverId } from '../../contracts/ids.ts';
import { applyEvent } from './apply.ts';
import type { Delivery, Driver } from './records.ts';
import type { Zone } from './zone.ts';

export class Decision {
  readonly zone: Zone;
  /** Zone time of the step, ms. */
  readonly atMs: number;
  readonly events: ZoneEvent[] = [];

  constructor(zone: Zone, atMs: number) {
    this.zone = zone;
    this.atMs = atMs;
  }

  emit(event: ZoneEvent): void {
    applyEvent(this.zone, event, this.atMs);
    this.events.push(event);
  }

  delivery(id: DeliveryId): Delivery | undefined {
    return this.zone.deliveries.get(id);
  }

  driver(id: DriverId): Driver | null {
    return this.zone.driver(id);
  }
}
