/**
 * The one place that says what a zone's travel times come from, and in which order they are asked.
 * A zone makes it anew whenever its configuration changes; what was learned lives in the zone.
 */
import type { ZoneConfig } from '../../contracts/zone.ts';
import type { RoutedTimes } from './routed-times.ts';
import { RoutedTravel } from './routed-travel.ts';
import { DistanceSpeed, type TravelTime } from './travel-time.ts';

/** What of a zone its travel times come from. */
export interface TravelSources {
  readonly config: ZoneConfig;
  readonly routed: RoutedTimes;
}

export function travelOf(zone: TravelSources): TravelTime {
  return new RoutedTravel(zone.routed, zone.config.plane, new DistanceSpeed(zone.config));
}
