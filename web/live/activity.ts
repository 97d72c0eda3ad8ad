/**
 * Owns what the page calls things and how it colours them: driver activities, delivery states, and
 * the two palettes. It must never touch the document or the network.
 */
import type { DeliveryState } from '../../contracts/states.ts';

export type Rgb = readonly [number, number, number];

/** Driver activities in the order of `MapDriver.a`. */
export const ACTIVITIES = [
  'idle',
  'offered',
  'to pickup',
  'at pickup',
  'to drop-off',
  'at drop-off',
  'off duty',
] as const;

/** What else there is to say about a driver (`MapDriver.n`). */
export const DRIVER_NOTES = {
  waits: 'asked to wait elsewhere',
  stalled: 'not moving towards the pickup',
} as const;

const ACTIVITY_OFF = 6;

/** The activity number, with anything unknown shown as off duty rather than as work. */
export function knownActivity(activity: number): number {
  return Number.isInteger(activity) && activity >= 0 && activity < ACTIVITY_OFF
    ? activity
    : ACTIVITY_OFF;
}

/** States that the panel lists, with the words people read. */
export const STATE_LABELS: Readonly<Record<DeliveryState, string>> = {
  scheduled: 'Scheduled',
  pending: 'Waiting for a driver',
  assigned: 'Driver on the way',
  at_pickup: 'At pickup',
  picked_up: 'On board',
  at_dropoff: 'At drop-off',
  delivered: 'Delivered',
  returning: 'Returning',
  returned: 'Returned',
  cancelled: 'Cancelled',
  failed: 'Failed',
};

export interface Palette {
  readonly background: string;
  readonly grid: Rgb;
  readonly zone: Rgb;
  /** Two ends of the idle shade: few drivers, many drivers. */
  readonly shade: readonly [Rgb, Rgb];
  /** Opacity (0–255) at the same two ends. */
  readonly shadeAlpha: readonly [number, number];
  readonly activity: readonly Rgb[];
  readonly waiting: Rgb;
  readonly approaching: Rgb;
  readonly aboard: Rgb;
  readonly trouble: Rgb;
  readonly label: Rgb;
  readonly halo: Rgb;
}

const LIGHT: Palette = {
  background: '#eef1f4',
  grid: [166, 178, 190],
  zone: [70, 84, 100],
  shade: [
    [196, 228, 222],
    [38, 148, 132],
  ],
  shadeAlpha: [80, 170],
  activity: [
    [14, 138, 118],
    [214, 140, 0],
    [38, 110, 214],
    [92, 72, 196],
    [186, 52, 146],
    [206, 58, 66],
    [138, 148, 158],
  ],
  waiting: [214, 120, 0],
  approaching: [38, 110, 214],
  aboard: [186, 52, 146],
  trouble: [206, 40, 48],
  label: [28, 36, 46],
  halo: [255, 255, 255],
};

const DARK: Palette = {
  background: '#0f151c',
  grid: [58, 72, 88],
  zone: [148, 164, 182],
  shade: [
    [20, 62, 64],
    [36, 150, 138],
  ],
  shadeAlpha: [70, 130],
  activity: [
    [64, 220, 190],
    [255, 190, 70],
    [98, 166, 255],
    [158, 140, 255],
    [244, 118, 206],
    [255, 122, 122],
    [112, 124, 138],
  ],
  waiting: [255, 176, 64],
  approaching: [98, 166, 255],
  aboard: [244, 118, 206],
  trouble: [255, 96, 96],
  label: [236, 242, 248],
  halo: [12, 18, 24],
};

/** The palette for a colour scheme. */
export function paletteFor(dark: boolean): Palette {
  return dark ? DARK : LIGHT;
}

/** The colour of a delivery's line: who has the parcel, and whether something is wrong. */
export function deliveryColor(state: DeliveryState, palette: Palette): Rgb {
  switch (state) {
    case 'scheduled':
    case 'pending':
      return palette.waiting;
    case 'assigned':
    case 'at_pickup':
      return palette.approaching;
    case 'picked_up':
    case 'at_dropoff':
    case 'delivered':
      return palette.aboard;
    case 'returning':
    case 'returned':
    case 'cancelled':
    case 'failed':
      return palette.trouble;
  }
}
