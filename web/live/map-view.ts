/**
 * Owns the map and its drawing loop: frames are drawn when something moved or changed, at most thirty
 * a second, and none while the tab is hidden. It must never decide what is true; it only shows it.
 */
import { MapboxOverlay } from '@deck.gl/mapbox';
import {
  Map as MapLibreMap,
  NavigationControl,
  type StyleSpecification,
  setWorkerUrl,
} from 'maplibre-gl';
import { etaRangeText } from '../../client/eta-text.ts';
import type { LatLon } from '../../contracts/wire/messages.ts';
import { ACTIVITIES, DRIVER_NOTES, type Palette, STATE_LABELS } from './activity.ts';
import { drawDriverIcons } from './driver-icon.ts';
import { layersOf, openDeliveries, type ZoneOutline } from './layers.ts';
import type { LiveDelivery, LiveDriver, LiveState } from './live-state.ts';
import type { StartView } from './session.ts';
import { cellsInView, type ViewBounds, type ViewCells } from './view-cells.ts';
import { toGoText } from './words.ts';

const FRAME_MS_MIN = 33;
const WORLD: StartView = { lat: 25, lon: 0, zoom: 1.6 };

/** Set by the bundler: the file name of MapLibre's worker, which must be a file of its own. */
declare const MAP_WORKER_FILE: string;

export interface MapViewOptions {
  readonly container: HTMLElement;
  readonly state: LiveState;
  readonly palette: Palette;
  readonly styleUrl: string | null;
  readonly start: StartView | null;
  readonly hostMs: () => number;
  readonly zoneNowMs: () => number;
  readonly onCells: (view: ViewCells) => void;
}

function emptyStyle(palette: Palette): StyleSpecification {
  const ground = {
    id: 'ground',
    type: 'background' as const,
    paint: { 'background-color': palette.background },
  };
  return { version: 8, sources: {}, layers: [ground] };
}

export class MapView {
  readonly map: MapLibreMap;
  frames = 0;
  private readonly options: MapViewOptions;
  private readonly overlay: MapboxOverlay;
  private readonly icons = drawDriverIcons();
  private palette: Palette;
  private zones: readonly ZoneOutline[] = [];
  private cells: readonly string[] = [];
  private drivers: readonly LiveDriver[] = [];
  private driversVersion = -1;
  private open: readonly LiveDelivery[] = [];
  private deliveriesVersion = -1;
  private focus: readonly [number, number][] = [];
  private motionFrame = 0;
  private lastFrameMs = 0;
  private dirty = true;

  constructor(options: MapViewOptions) {
    this.options = options;
    this.palette = options.palette;
    setWorkerUrl(new URL(MAP_WORKER_FILE, document.baseURI).href);
    const start = options.start ?? WORLD;
    this.map = new MapLibreMap({
      container: options.container,
      style: options.styleUrl ?? emptyStyle(options.palette),
      center: [start.lon, start.lat],
      zoom: start.zoom,
      maxPitch: 0,
      dragRotate: false,
      attributionControl: options.styleUrl === null ? false : { compact: true },
    });
    this.map.addControl(new NavigationControl({ showCompass: false }), 'top-left');
    this.overlay = new MapboxOverlay({
      interleaved: false,
      layers: [],
      getTooltip: ({ object, layer }) => this.tooltip(layer?.id, object),
    });
    this.map.addControl(this.overlay);
    this.map.on('moveend', () => this.askForCells());
    this.map.on('zoom', () => this.touch());
    this.map.once('load', () => this.askForCells());
    requestAnimationFrame(this.frame);
  }

  /** Something changed that the next frame must show. */
  touch(): void {
    this.dirty = true;
  }

  /** Draws the outlines of zones. */
  showZones(zones: readonly ZoneOutline[]): void {
    this.zones = zones;
    this.touch();
  }

  /** Moves to the given zones; false when the link named a place or none of them is known yet. */
  goTo(ids: ReadonlySet<string>): boolean {
    const points = this.zones.filter(({ id }) => ids.has(id)).flatMap((zone) => zone.path);
    if (points.length === 0 || this.options.start) return false;
    const lons = points.map(([lon]) => lon);
    const lats = points.map(([, lat]) => lat);
    this.map.fitBounds(
      [
        [Math.min(...lons), Math.min(...lats)],
        [Math.max(...lons), Math.max(...lats)],
      ],
      { padding: this.padding(24), animate: false },
    );
    return true;
  }

  /** Brings a delivery's way into view and marks it, until another one is shown. */
  show(pickup: LatLon, dropoff: LatLon): void {
    this.focus = [
      [pickup.lon, pickup.lat],
      [dropoff.lon, dropoff.lat],
    ];
    this.touch();
    const [west, east] = [pickup.lon, dropoff.lon].sort((a, b) => a - b);
    const [south, north] = [pickup.lat, dropoff.lat].sort((a, b) => a - b);
    if (west === undefined || east === undefined || south === undefined || north === undefined)
      return;
    const still = this.options.state.motion.still;
    this.map.fitBounds(
      [
        [west, south],
        [east, north],
      ],
      { padding: this.padding(60), maxZoom: 15, animate: !still },
    );
  }

  /** Room that the panels leave, and a margin. */
  private padding(margin: number): { top: number; left: number; right: number; bottom: number } {
    if (window.innerWidth <= 760) return { top: 90, left: 30, right: 30, bottom: 30 };
    const queue = document.getElementById('exceptions');
    const left = queue && !queue.hidden ? queue.getBoundingClientRect().right : 0;
    return { top: margin, left: left + margin, right: 432 + margin, bottom: margin };
  }

  setPalette(palette: Palette): void {
    if (palette === this.palette) return;
    this.palette = palette;
    if (this.options.styleUrl === null) this.map.setStyle(emptyStyle(palette));
    this.touch();
  }

  private bounds(): ViewBounds {
    const bounds = this.map.getBounds();
    const [west, south] = [bounds.getWest(), bounds.getSouth()];
    return { west, south, east: bounds.getEast(), north: bounds.getNorth() };
  }

  private askForCells(): void {
    const view = cellsInView(this.bounds());
    this.cells = view.cells;
    this.touch();
    this.options.onCells(view);
  }

  private readonly frame = (): void => {
    requestAnimationFrame(this.frame);
    const { state, hostMs } = this.options;
    const nowMs = hostMs();
    if (nowMs - this.lastFrameMs < FRAME_MS_MIN) return;
    const moved = state.motion.advance(state.drivers.values(), nowMs);
    if (!moved && !this.dirty) return;
    if (moved) this.motionFrame++;
    this.lastFrameMs = nowMs;
    this.dirty = false;
    this.draw();
  };

  private draw(): void {
    const { state, zoneNowMs } = this.options;
    // A new array tells the layer to rebuild everything, so it is made only after a change.
    if (this.driversVersion !== state.driversVersion) {
      this.driversVersion = state.driversVersion;
      this.drivers = [...state.drivers.values()];
    }
    if (this.deliveriesVersion !== state.deliveriesVersion) {
      this.deliveriesVersion = state.deliveriesVersion;
      this.open = openDeliveries(state);
    }
    const { palette, icons, zones, cells, drivers, open, focus, motionFrame } = this;
    const zoom = this.map.getZoom();
    const shown = { state, palette, icons, zones, cells, drivers, open, focus, motionFrame };
    this.overlay.setProps({ layers: layersOf({ ...shown, zoom, zoneNowMs: zoneNowMs() }) });
    this.frames++;
  }

  private tooltip(layer: string | undefined, object: unknown): TooltipContent {
    const style = { background: this.palette.background, color: `rgb(${this.palette.label})` };
    const text = this.tooltipText(layer, object);
    return text === null
      ? null
      : { text, style: { ...style, borderRadius: '8px', fontSize: '12px' } };
  }

  private tooltipText(layer: string | undefined, object: unknown): string | null {
    if (!object) return null;
    if (layer === 'idle') {
      const [, idle] = object as readonly [string, number];
      return `${idle} idle`;
    }
    if (layer === 'drivers') {
      const driver = object as LiveDriver;
      const note = driver.note === undefined ? '' : `\n${DRIVER_NOTES[driver.note] ?? ''}`;
      return `${driver.id}\n${ACTIVITIES[driver.activity]}${note}`;
    }
    if (layer !== 'pickups' && layer !== 'dropoffs') return null;
    const { picture } = object as LiveDelivery;
    const toGo = toGoText(picture, this.options.zoneNowMs());
    const clock = etaRangeText({ etaFromMs: picture.etaFrom, etaToMs: picture.etaTo });
    const eta = [toGo, clock].filter((text) => text !== null).join(' · ');
    return [picture.id, STATE_LABELS[picture.s], eta].filter((line) => line !== '').join('\n');
  }
}

type TooltipContent = { text: string; style: Record<string, string> } | null;
