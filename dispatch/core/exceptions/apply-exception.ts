/** What events change in the exceptions of a zone, and in the wait for a customer. */
import { changeDelivery, changeDriver, type EventOf, setDelivery } from '../change.ts';
import type { Zone } from '../zone.ts';

type ExceptionEvent = EventOf<
  'delivery.raised' | 'delivery.cleared' | 'delivery.forecast' | 'delivery.waiting'
>;

export function applyToException(zone: Zone, event: ExceptionEvent, atMs: number): void {
  const { exceptions } = zone;
  const delivery = zone.deliveries.get(event.delivery);
  if (!delivery) return afterEnd(zone, event, atMs);
  switch (event.type) {
    case 'delivery.raised': {
      const { problem, driver = null, doorMs = atMs } = event;
      exceptions.raised(delivery.id, { problem, sinceMs: atMs, driver }, doorMs);
      const raised = [...delivery.raised.filter((name) => name !== problem), problem];
      return changeDelivery(zone, delivery.id, { raised });
    }
    case 'delivery.cleared':
      exceptions.cleared(delivery.id, event.problem);
      return setDelivery(zone, delivery);
    case 'delivery.forecast':
      exceptions.forecast(delivery.id, event.doorMs, atMs);
      return setDelivery(zone, delivery);
    case 'delivery.waiting': {
      const { untilMs, attempts } = event;
      const sinceMs = delivery.wait?.sinceMs ?? atMs;
      changeDelivery(zone, delivery.id, { wait: { sinceMs, untilMs, attempts } });
      return changeDriver(zone, event.driver, atMs, true, {});
    }
  }
}

/** What is said of a delivery that has ended; it is kept as long as its tombstone. */
function afterEnd({ exceptions, tombstones }: Zone, event: ExceptionEvent, atMs: number): void {
  if (!tombstones.has(event.delivery)) return;
  if (event.type === 'delivery.cleared') exceptions.cleared(event.delivery, event.problem);
  if (event.type !== 'delivery.raised') return;
  const { problem, driver = null, doorMs = atMs } = event;
  exceptions.raised(event.delivery, { problem, sinceMs: atMs, driver }, doorMs);
}
