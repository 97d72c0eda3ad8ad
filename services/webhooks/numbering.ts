/**
 * Which webhook is told what, under which number. Pure. Per webhook and delivery the numbers have no
 * gaps and follow the facts; a fact that was told, or is older than one that was, is no news.
 */
import {
  compareVersions,
  type DeliveryChanged,
  type FactVersion,
} from '../../contracts/messages/deliveries.ts';

export interface Counter {
  readonly webhook: string;
  readonly delivery: string;
  readonly number: number;
  readonly version: FactVersion;
}

export interface Listener {
  readonly id: string;
  readonly account: string;
  readonly enabled: boolean;
}

/** One event for one webhook. */
export interface Numbered {
  readonly listener: Listener;
  readonly event: DeliveryChanged;
  readonly number: number;
}

export function counterKey(webhook: string, delivery: string): string {
  return `${webhook} ${delivery}`;
}

/** Numbers events in their order; `counters` are those of before, by `counterKey`. */
export function numberEvents(
  events: readonly DeliveryChanged[],
  listeners: readonly Listener[],
  counters: ReadonlyMap<string, Counter>,
): { readonly numbered: readonly Numbered[]; readonly counters: readonly Counter[] } {
  const next = new Map<string, Counter>();
  const numbered: Numbered[] = [];
  for (const event of events) {
    for (const listener of listeners) {
      if (listener.account !== event.account) continue;
      const key = counterKey(listener.id, event.delivery);
      const last = next.get(key) ?? counters.get(key);
      if (last !== undefined && compareVersions(last.version, event.version) >= 0) continue;
      const number = (last?.number ?? 0) + 1;
      const { delivery, version } = event;
      next.set(key, { webhook: listener.id, delivery, number, version });
      numbered.push({ listener, event, number });
    }
  }
  return { numbered, counters: [...next.values()] };
}
