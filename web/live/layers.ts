/**
 * Owns how the state looks on the map: one function from state to deck.gl layers. Layers are cheap
 * descriptions; `updateTriggers` say which of their buffers must be rebuilt, and only those are.
 */
import type { Layer } from '@deck.gl/core';
import { H3HexagonLayer } from '@deck.gl/geo-layers';
import { IconLayer, LineLayer, PathLayer, ScatterplotLayer, TextLayer } from '@deck.gl/layers';
import { isEnded } from '../../contracts/states.ts';
import { deliveryColor, type Palette, type Rgb } from './activity.ts';
import { DRIVER_ICONS } from './driver-icon.ts';
import type { LiveDelivery, LiveDriver, LiveState } from './live-state.ts';
import { etaText } from './words.ts';

/** Labels are drawn from this zoom on, and never more than this many: further ones would overlap. */
const LABEL_ZOOM_MIN = 12.5;
const LABELS_MAX = 300;
/** Idle drivers in a cell at which its shade is full. */
const SHADE_FULL = 8;

export interface ZoneOutline {
  readonly id: string;
  /** Outer ring, [longitude, latitude]. */
  readonly path: [number, number][];
}

export interface Scene {
  readonly state: LiveState;
  readonly palette: Palette;
  readonly icons: ImageBitmap;
  readonly zones: readonly ZoneOutline[];
  readonly cells: readonly string[];
  readonly zoom: number;
  readonly zoneNowMs: number;
  /** Grows with every frame in which a driver moved. */
  readonly motionFrame: number;
  readonly drivers: readonly LiveDriver[];
  readonly open: readonly LiveDelivery[];
}

type Rgba = [number, number, number, number];
type LonLat = [number, number];

function rgba([red, green, blue]: Rgb, alpha: number): Rgba {
  return [red, green, blue, alpha];
}

function degrees([latE7, lonE7]: readonly [number, number]): LonLat {
  return [lonE7 / 1e7, latE7 / 1e7];
}

/** The shade of a cell with so many idle drivers. */
export function shadeColor(idle: number, palette: Palette): Rgba {
  const share = Math.min(1, Math.log2(1 + idle) / Math.log2(1 + SHADE_FULL));
  const [low, high] = palette.shade;
  const mix = (index: 0 | 1 | 2): number => low[index] + (high[index] - low[index]) * share;
  return [mix(0), mix(1), mix(2), 70 + 110 * share];
}

function groundLayers({ state, palette, zones, cells }: Scene): Layer[] {
  return [
    new H3HexagonLayer<string>({
      id: 'view-cells',
      data: cells,
      getHexagon: (cell) => cell,
      extruded: false,
      filled: false,
      stroked: true,
      getLineColor: rgba(palette.grid, 70),
      lineWidthUnits: 'pixels',
      getLineWidth: 1,
      highPrecision: true,
    }),
    new H3HexagonLayer<readonly [string, number]>({
      id: 'idle',
      data: state.idleByCell(),
      getHexagon: ([cell]) => cell,
      getFillColor: ([, idle]) => shadeColor(idle, palette),
      extruded: false,
      stroked: false,
      coverage: 0.96,
      pickable: true,
      updateTriggers: { getFillColor: palette },
    }),
    new PathLayer<ZoneOutline>({
      id: 'zones',
      data: zones,
      getPath: (zone) => zone.path,
      getColor: rgba(palette.zone, 190),
      widthUnits: 'pixels',
      getWidth: 2,
      jointRounded: true,
    }),
  ];
}

function deliveryLayers({ state, palette, open, motionFrame }: Scene): Layer[] {
  const color = (delivery: LiveDelivery): Rgb => deliveryColor(delivery.picture.s, palette);
  const aboard = open.filter(({ picture }) => picture.drv !== null && state.drivers.has(picture.drv));
  const driverAt = ({ picture }: LiveDelivery): LonLat => {
    const driver = picture.drv === null ? undefined : state.drivers.get(picture.drv);
    return driver ? [driver.lon, driver.lat] : degrees(picture.p);
  };
  const nextStop = ({ picture }: LiveDelivery): LonLat =>
    degrees(picture.s === 'assigned' || picture.s === 'at_pickup' ? picture.p : picture.q);
  return [
    new LineLayer<LiveDelivery>({
      id: 'trips',
      data: open,
      getSourcePosition: ({ picture }) => degrees(picture.p),
      getTargetPosition: ({ picture }) => degrees(picture.q),
      getColor: (delivery) => rgba(color(delivery), 75),
      getWidth: 1.5,
      updateTriggers: { getColor: palette },
    }),
    new LineLayer<LiveDelivery>({
      id: 'legs',
      data: aboard,
      getSourcePosition: driverAt,
      getTargetPosition: nextStop,
      getColor: (delivery) => rgba(color(delivery), 190),
      getWidth: 2.2,
      updateTriggers: { getSourcePosition: motionFrame, getColor: palette },
    }),
    new ScatterplotLayer<LiveDelivery>({
      id: 'pickups',
      data: open,
      getPosition: ({ picture }) => degrees(picture.p),
      getFillColor: rgba(palette.halo, 255),
      getLineColor: (delivery) => rgba(color(delivery), 255),
      stroked: true,
      radiusUnits: 'pixels',
      lineWidthUnits: 'pixels',
      getRadius: 3.5,
      getLineWidth: 2,
      pickable: true,
      updateTriggers: { getLineColor: palette },
    }),
    new ScatterplotLayer<LiveDelivery>({
      id: 'dropoffs',
      data: open,
      getPosition: ({ picture }) => degrees(picture.q),
      getFillColor: (delivery) => rgba(color(delivery), 230),
      radiusUnits: 'pixels',
      getRadius: 3.5,
      pickable: true,
      updateTriggers: { getFillColor: palette },
    }),
  ];
}

function labelLayer({ palette, open, zoom, zoneNowMs }: Scene): Layer {
  const labelled =
    zoom < LABEL_ZOOM_MIN
      ? []
      : open.filter(({ picture }) => picture.eta !== null).slice(0, LABELS_MAX);
  return new TextLayer<LiveDelivery>({
    id: 'etas',
    data: labelled,
    getPosition: ({ picture }) => degrees(picture.q),
    getText: ({ picture }) => etaText(picture.eta ?? zoneNowMs, zoneNowMs),
    getColor: rgba(palette.label, 255),
    getSize: 12,
    getPixelOffset: [0, -13],
    fontFamily: 'system-ui, "DejaVu Sans", sans-serif',
    fontWeight: 600,
    fontSettings: { sdf: true },
    outlineWidth: 4,
    outlineColor: rgba(palette.halo, 235),
    characterSet: '0123456789< minlate',
    updateTriggers: { getColor: palette, outlineColor: palette },
  });
}

function driverLayer({ state, palette, icons, drivers, motionFrame, zoom }: Scene): Layer {
  return new IconLayer<LiveDriver>({
    id: 'drivers',
    data: drivers,
    // The layer takes any image the GPU takes; its type only names addresses and textures.
    iconAtlas: icons as unknown as string,
    iconMapping: DRIVER_ICONS,
    getIcon: (driver) => (driver.angle === 0 ? 'dot' : 'arrow'),
    getPosition: (driver) => [driver.lon, driver.lat],
    getAngle: (driver) => driver.angle,
    getColor: (driver) => rgba(palette.activity[driver.activity] ?? palette.label, 255),
    getSize: zoom < 11 ? 10 : zoom < 13 ? 14 : 20,
    billboard: false,
    sizeUnits: 'pixels',
    pickable: true,
    updateTriggers: {
      getPosition: motionFrame,
      getAngle: state.motion.turns,
      getIcon: state.motion.turns,
      getColor: [palette, state.activityVersion],
    },
  });
}

/** Deliveries that still have a way to go: ended ones are counted, not drawn. */
export function openDeliveries(state: LiveState): LiveDelivery[] {
  return [...state.deliveries.values()].filter(({ picture }) => !isEnded(picture.s));
}

/** All layers, from the ground up. */
export function layersOf(scene: Scene): Layer[] {
  return [...groundLayers(scene), ...deliveryLayers(scene), driverLayer(scene), labelLayer(scene)];
}
