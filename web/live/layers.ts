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
import { TO_GO_CHARACTERS, toGoText } from './words.ts';

/** Labels are drawn from this zoom on, never more than this many, and one in each such box. */
const LABEL_ZOOM_MIN = 12;
/** With more drivers than this, marks are drawn smaller until one zooms in. */
const CROWD_DRIVERS = 1_500;
const CROWD_ZOOM_MAX = 13;
const LABELS_MAX = 200;
const LABEL_BOX_PIXELS = { width: 84, height: 34 };
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
  /** Pickup and drop-off that somebody asked to see, [longitude, latitude]; empty: none. */
  readonly focus: readonly [number, number][];
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
  return [
    mix(0),
    mix(1),
    mix(2),
    palette.shadeAlpha[0] + (palette.shadeAlpha[1] - palette.shadeAlpha[0]) * share,
  ];
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

function isCrowded({ drivers, zoom }: Scene): boolean {
  return drivers.length > CROWD_DRIVERS && zoom < CROWD_ZOOM_MAX;
}

function deliveryLayers(scene: Scene): Layer[] {
  const { state, palette, open, motionFrame } = scene;
  const crowded = isCrowded(scene);
  const color = (delivery: LiveDelivery): Rgb => deliveryColor(delivery.picture.s, palette);
  const led = open.filter(({ picture }) => picture.drv !== null && state.drivers.has(picture.drv));
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
      getColor: (delivery) => rgba(color(delivery), 70),
      getWidth: 1.2,
      updateTriggers: { getColor: palette },
    }),
    new LineLayer<LiveDelivery>({
      id: 'legs',
      data: led,
      getSourcePosition: driverAt,
      getTargetPosition: nextStop,
      getColor: (delivery) => rgba(color(delivery), 150),
      getWidth: 1.8,
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
      getRadius: crowded ? 2 : 3.5,
      getLineWidth: crowded ? 1 : 2,
      pickable: true,
      updateTriggers: { getLineColor: palette },
    }),
    new ScatterplotLayer<LiveDelivery>({
      id: 'dropoffs',
      data: open,
      getPosition: ({ picture }) => degrees(picture.q),
      getFillColor: (delivery) => rgba(color(delivery), 230),
      radiusUnits: 'pixels',
      getRadius: crowded ? 2 : 3.5,
      pickable: true,
      updateTriggers: { getFillColor: palette },
    }),
  ];
}

/**
 * The deliveries whose labels fit beside each other: the first in each box of screen. Boxes hang on
 * the world, not on the screen, so that labels do not flicker while the map is moved.
 */
export function uncrowded(open: readonly LiveDelivery[], zoom: number): LiveDelivery[] {
  const worldPixels = 512 * 2 ** zoom;
  const taken = new Set<string>();
  const chosen: LiveDelivery[] = [];
  for (const delivery of open) {
    if (delivery.picture.eta === null) continue;
    const [lon, lat] = degrees(delivery.picture.q);
    const mercator = Math.asinh(Math.tan((lat * Math.PI) / 180)) / (2 * Math.PI);
    const column = Math.floor(((lon / 360) * worldPixels) / LABEL_BOX_PIXELS.width);
    const row = Math.floor((mercator * worldPixels) / LABEL_BOX_PIXELS.height);
    const box = `${column}/${row}`;
    if (taken.has(box)) continue;
    taken.add(box);
    chosen.push(delivery);
    if (chosen.length === LABELS_MAX) break;
  }
  return chosen;
}

/** Rings around the doors that somebody asked to see. */
function focusLayer({ palette, focus }: Scene): Layer {
  return new ScatterplotLayer<[number, number]>({
    id: 'focus',
    data: focus,
    getPosition: (place) => place,
    filled: false,
    stroked: true,
    radiusUnits: 'pixels',
    lineWidthUnits: 'pixels',
    getRadius: 15,
    getLineWidth: 3,
    getLineColor: rgba(palette.trouble, 255),
    updateTriggers: { getLineColor: palette },
  });
}

function labelLayer(scene: Scene): Layer {
  const { palette, open, zoom, zoneNowMs } = scene;
  const labelled = zoom < LABEL_ZOOM_MIN || isCrowded(scene) ? [] : uncrowded(open, zoom);
  return new TextLayer<LiveDelivery>({
    id: 'etas',
    data: labelled,
    getPosition: ({ picture }) => degrees(picture.q),
    getText: ({ picture }) => toGoText(picture, zoneNowMs) ?? '',
    getColor: rgba(palette.label, 255),
    getSize: 12,
    getPixelOffset: [0, -13],
    fontFamily: 'system-ui, "DejaVu Sans", sans-serif',
    fontWeight: 600,
    fontSettings: { sdf: true },
    outlineWidth: 4,
    outlineColor: rgba(palette.halo, 235),
    characterSet: TO_GO_CHARACTERS,
    updateTriggers: { getColor: palette, outlineColor: palette },
  });
}

function driverLayer(scene: Scene): Layer {
  const { state, palette, icons, drivers, motionFrame, zoom } = scene;
  const size = isCrowded(scene) ? 9 : zoom < 11 ? 10 : zoom < 13 ? 14 : 20;
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
    getSize: size,
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
  return [
    ...groundLayers(scene),
    ...deliveryLayers(scene),
    focusLayer(scene),
    driverLayer(scene),
    labelLayer(scene),
  ];
}
