/** What the engine last told of an arrival, as the API shows it. */
import type { LastTrack } from '../dispatch/redis/door.ts';
import { timeTextOrNull } from './times.ts';

/** RFC 3339; null while nothing is told. `etaFromAt` to `etaToAt` is the range to show a customer. */
export interface EtaTimes {
  readonly etaAt: string | null;
  readonly etaFromAt: string | null;
  readonly etaToAt: string | null;
}

/** The newest word on the arrival: with a position while the driver moves, else with the status. */
export function etaTimes(last: LastTrack | null): EtaTimes {
  const newest = last?.position?.etaMs == null ? last?.status : last.position;
  return {
    etaAt: timeTextOrNull(newest?.etaMs ?? null),
    etaFromAt: timeTextOrNull(newest?.etaFromMs ?? null),
    etaToAt: timeTextOrNull(newest?.etaToMs ?? null),
  };
}
