/** Owns what the page tells about itself: figures that a test can compare with what was sent. */
import type { LiveState } from './live-state.ts';
import type { Connection } from './panel.ts';

export interface Report {
  readonly connection: Connection;
  readonly drivers: number;
  readonly driversByActivity: readonly number[];
  readonly deliveries: number;
  readonly deliveriesByState: Readonly<Record<string, number>>;
  /** Deliveries with an expected time of arrival. */
  readonly etas: number;
  readonly idleCells: number;
  readonly idleDrivers: number;
  readonly nodes: readonly string[];
  readonly shards: number;
  readonly cells: readonly string[];
  /** Frames drawn since the page was opened. */
  readonly frames: number;
  /** Where a driver is drawn now, [longitude, latitude] in degrees; null: not in view. */
  readonly driverAt: (id: string) => readonly [number, number] | null;
  readonly overflow: number;
}

export interface ReportSource {
  readonly state: LiveState;
  readonly connection: Connection;
  readonly cells: readonly string[];
  readonly frames: number;
  readonly hostMs: number;
}

/** A snapshot of what is shown. */
export function reportOf({ state, connection, cells, frames, hostMs }: ReportSource): Report {
  const idle = state.idleByCell();
  return {
    connection,
    drivers: state.drivers.size,
    driversByActivity: state.driversByActivity(),
    deliveries: state.deliveries.size,
    deliveriesByState: Object.fromEntries(state.deliveriesByState()),
    etas: [...state.deliveries.values()].filter(({ picture }) => picture.eta !== null).length,
    idleCells: idle.length,
    idleDrivers: idle.reduce((sum, [, count]) => sum + count, 0),
    nodes: [...state.nodes.keys()].sort(),
    shards: state.shards(hostMs).length,
    cells,
    frames,
    driverAt: (id) => {
      const driver = state.drivers.get(id);
      return driver ? [driver.lon, driver.lat] : null;
    },
    overflow: state.overflow,
  };
}
