/** The node's asking for road times as metrics. They exist only where a source is configured. */
import { Gauge, type Registry } from 'prom-client';
import type { RoutesPicture } from '../../contracts/push.ts';

const FIGURES: Readonly<
  Record<string, { readonly help: string; readonly read: (picture: RoutesPicture) => number }>
> = {
  waggle_routes_resting: {
    help: '1 while the routes source rests after failures and the fallback answers',
    read: (picture) => (picture.resting ? 1 : 0),
  },
  waggle_routes_requests: {
    help: 'Requests sent to the routes source since the start',
    read: (picture) => picture.requests,
  },
  waggle_routes_elements: {
    help: 'Elements (origins times destinations) of these requests: what a provider bills',
    read: (picture) => picture.elements,
  },
  waggle_routes_told: {
    help: 'Road times handed to zones since the start',
    read: (picture) => picture.told,
  },
  waggle_routes_no_road: {
    help: 'Pairs the source knew no road for since the start',
    read: (picture) => picture.noRoad,
  },
  waggle_routes_unbelievable: {
    help: 'Road times left out because nothing drives like that, since the start',
    read: (picture) => picture.unbelievable,
  },
  waggle_routes_dropped: {
    help: 'Pairs not asked for since the start: too many waited, or too long, or no profile fits',
    read: (picture) => picture.dropped,
  },
  waggle_routes_over_budget: {
    help: 'Elements not asked for because the budget of the day was spent, since the start',
    read: (picture) => picture.overBudget,
  },
};

/** @param read the node's picture now; null before it started, or when it asks nobody */
export function showRouteFigures(metrics: Registry, read: () => RoutesPicture | null): void {
  for (const [name, { help, read: value }] of Object.entries(FIGURES)) {
    new Gauge({
      name,
      help,
      registers: [metrics],
      collect() {
        const picture = read();
        if (picture) this.set(value(picture));
      },
    });
  }
  new Gauge({
    name: 'waggle_routes_failures',
    help: 'Requests to the routes source that failed since the start, by kind',
    labelNames: ['kind'],
    registers: [metrics],
    collect() {
      for (const [kind, count] of Object.entries(read()?.failures ?? {})) this.set({ kind }, count);
    },
  });
}
