/**
 * Owns which coarse cells the page asks for: those the viewport touches, never more than a bound.
 */
import { gridDisk, latLngToCell, POLYGON_TO_CELLS_FLAGS, polygonToCellsExperimental } from 'h3-js';
import { VIEW_RESOLUTION } from '../../contracts/push.ts';

/** Cells asked for at once. A city of 60 by 60 km needs about 130. */
export const VIEW_CELLS_MAX = 180;
/** Rings around the centre when the viewport is too large: 3·7·8 + 1 = 169 cells. */
const DISK_RINGS = 7;
/** Mean area of a resolution-6 cell is 36 km²; the smaller value overestimates their number. */
const CELL_KM2 = 25;
const KM_PER_DEGREE = 111.2;

/** Viewport borders in degrees. */
export interface ViewBounds {
  readonly west: number;
  readonly south: number;
  readonly east: number;
  readonly north: number;
}

export interface ViewCells {
  /** H3 ids, sorted, so that equal viewports give equal lists. */
  readonly cells: readonly string[];
  /** The viewport was too large: only the middle of it is covered. */
  readonly cut: boolean;
}

function disk(bounds: ViewBounds): ViewCells {
  const lat = Math.max(-85, Math.min(85, (bounds.south + bounds.north) / 2));
  const lon = (bounds.west + bounds.east) / 2;
  const centre = latLngToCell(lat, lon, VIEW_RESOLUTION);
  return { cells: gridDisk(centre, DISK_RINGS).sort(), cut: true };
}

/** The cells that a viewport touches. */
export function cellsInView(bounds: ViewBounds): ViewCells {
  const midLat = (bounds.south + bounds.north) / 2;
  const width = (bounds.east - bounds.west) * KM_PER_DEGREE * Math.cos((midLat * Math.PI) / 180);
  const height = (bounds.north - bounds.south) * KM_PER_DEGREE;
  if (!(width * height <= VIEW_CELLS_MAX * CELL_KM2 * 2)) return disk(bounds);
  const ring: [number, number][] = [
    [bounds.south, bounds.west],
    [bounds.south, bounds.east],
    [bounds.north, bounds.east],
    [bounds.north, bounds.west],
  ];
  const flags = POLYGON_TO_CELLS_FLAGS.containmentOverlapping;
  const cells = polygonToCellsExperimental(ring, VIEW_RESOLUTION, flags);
  if (cells.length > VIEW_CELLS_MAX) return disk(bounds);
  return { cells: [...new Set(cells)].sort(), cut: false };
}
