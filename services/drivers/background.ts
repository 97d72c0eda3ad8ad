/** Who checks the past of drivers: a port, and its adapter, which leaves it to people. */
import type { DriverId } from '../../contracts/ids.ts';

/** A check that was begun; its result is told through `setBackground`, by hand or by a webhook. */
export interface BackgroundChecks {
  start(driver: DriverId): Promise<{ readonly reference: string | null }>;
}

/** Ops check and say what came of it. */
export const byHand: BackgroundChecks = {
  async start() {
    return { reference: null };
  },
};
