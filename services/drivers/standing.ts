/** Whether a driver may work: what its market asks for against what it has shown. Pure; wall time. */
import {
  type BACKGROUND_STATES,
  type DriverPolicy,
  type PAPER_STATES,
  type PaperKind,
  type Standing,
  VEHICLE_PAPERS,
} from '../../contracts/api/driver-papers.ts';
import type { DocumentId, VehicleId } from '../../contracts/ids.ts';
import type { VehicleKind } from '../../contracts/states.ts';

export type PaperState = (typeof PAPER_STATES)[number];
export type BackgroundState = (typeof BACKGROUND_STATES)[number];
export type Asked = Pick<DriverPolicy, 'papers' | 'backgroundCheck'>;
export type Missing = Standing['missing'][number];

/** Days before the last one on which a paper's driver is warned; the longest is "expiring". */
export const WARNINGS_DAYS = [30, 7, 1] as const;

export interface ShownPaper {
  readonly id: DocumentId;
  readonly kind: PaperKind;
  readonly vehicle: VehicleId | null;
  readonly state: PaperState;
  readonly expiresOn: string | null;
}

export interface Candidate {
  readonly vehicles: readonly { readonly id: VehicleId; readonly kind: VehicleKind }[];
  readonly papers: readonly ShownPaper[];
  readonly background: BackgroundState;
}

export interface Verdict {
  readonly mayWork: boolean;
  readonly missing: Missing[];
  /** Vehicles whose papers hold. */
  readonly vehicles: VehicleId[];
  readonly expiring: DocumentId[];
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** The day it is where a day ends last: nobody loses a paper before its last day is over. */
export function dayOfGrace(nowMs: number): string {
  return new Date(nowMs - 12 * HOUR_MS).toISOString().slice(0, 10);
}

/** Whole days from one day to another; negative: it is past. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / DAY_MS);
}

/** The most pressing warning that is due and was not given yet. */
export function warningDue(daysLeft: number, warnedDays: number | null): number | undefined {
  const due = WARNINGS_DAYS.filter((days) => daysLeft <= days).at(-1);
  return due === undefined || (warnedDays !== null && warnedDays <= due) ? undefined : due;
}

function isOfVehicle(kind: PaperKind): boolean {
  return (VEHICLE_PAPERS as readonly string[]).includes(kind);
}

/**
 * What each of these policies asks for. A vehicle without its papers cannot be used; without any that
 * can, the driver may not work. `today`: see `dayOfGrace`.
 */
export function verdictOf(
  policies: readonly Asked[],
  candidate: Candidate,
  today: string,
): Verdict {
  const missing = new Map<string, Missing>();
  const note = (each: Missing): void => {
    missing.set(`${each.kind} ${each.vehicle}`, each);
  };
  const barred = new Set<VehicleId>();
  for (const { papers, backgroundCheck } of policies) {
    if (backgroundCheck && candidate.background !== 'clear') {
      note({ kind: 'background_check', vehicle: null, why: 'not_clear' });
    }
    for (const { kind, vehicles } of papers) {
      const drives = candidate.vehicles.filter((each) => vehicles?.includes(each.kind) ?? true);
      if (!isOfVehicle(kind)) {
        const why = drives.length === 0 ? undefined : lackOf(candidate, kind, null, today);
        if (why !== undefined) note({ kind, vehicle: null, why });
        continue;
      }
      for (const { id } of drives) {
        const why = lackOf(candidate, kind, id, today);
        if (why === undefined) continue;
        note({ kind, vehicle: id, why });
        barred.add(id);
      }
    }
  }
  const usable = candidate.vehicles.map(({ id }) => id).filter((id) => !barred.has(id));
  const isHeldUp = [...missing.values()].some(({ vehicle }) => vehicle === null);
  return {
    mayWork: !isHeldUp && usable.length > 0,
    missing: [...missing.values()],
    vehicles: usable,
    expiring: expiringOf(candidate.papers, today),
  };
}

/** Why no paper of this kind counts; undefined: one does. */
function lackOf(
  { papers }: Candidate,
  kind: PaperKind,
  vehicle: VehicleId | null,
  today: string,
): Missing['why'] | undefined {
  const shown = papers.filter((paper) => paper.kind === kind && paper.vehicle === vehicle);
  if (shown.some((paper) => holds(paper, today))) return undefined;
  if (shown.some(({ state }) => state === 'submitted')) return 'in_review';
  const last = shown.findLast(({ state }) => state !== 'waiting');
  if (last === undefined) return 'missing';
  return last.state === 'rejected' ? 'rejected' : 'expired';
}

/** Whether a paper counts on a day. */
export function holds({ state, expiresOn }: ShownPaper, today: string): boolean {
  return state === 'approved' && (expiresOn === null || expiresOn >= today);
}

function expiringOf(papers: readonly ShownPaper[], today: string): DocumentId[] {
  return papers
    .filter((paper) => holds(paper, today) && paper.expiresOn !== null)
    .filter(({ expiresOn }) => daysBetween(today, expiresOn ?? today) <= WARNINGS_DAYS[0])
    .map(({ id }) => id);
}
