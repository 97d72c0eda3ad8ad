/**
 * The one place that says what a zone's travel times come from, and in which order they are asked.
 * A zone makes it anew whenever its configuration changes; what was learned lives in the zone.
 */
import type { ZoneConfig } from '../../../contracts/zone.ts';
import type { LearnedState } from './learned/learned-state.ts';
import { LearnedTravelTime } from './learned/learned-travel-time.ts';
import type { RoutedPaces } from './routed-paces.ts';
import type { RoutedTimes } from './routed-times.ts';
import { RoutedTravel } from './routed-travel.ts';
import { DistanceSpeed, type TravelTime } from './travel-time.ts';

/** What of a zone its travel times come from. */
export interface TravelSources {
  readonly config: ZoneConfig;
  readonly routed: RoutedTimes;
  readonly paces: RoutedPaces;
  readonly learned: LearnedState;
}

/** First what a routes source told, then what drives have taught, then distance and speed. */
export function travelOf(zone: TravelSources): TravelTime {
  const { policy, plane } = zone.config;
  const ours = policy.learnTravel ? learnedTravelOf(zone) : new DistanceSpeed(zone.config);
  return new RoutedTravel(zone, plane, ours);
}

/** What drives have taught the zone; distance and speed where that is too little. */
export function learnedTravelOf({ learned, config }: TravelSources): LearnedTravelTime {
  return new LearnedTravelTime(learned, config.plane, new DistanceSpeed(config));
}
