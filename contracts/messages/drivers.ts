/** What `drivers` tells: who may work, whose papers run out, who did not come. */
import type { DocumentId, DriverId, ShiftId, UserId, ZoneId } from '../ids.ts';

export const DRIVER_STREAM = 'events:drivers';

/** Ops, or papers that ran out, changed whether a driver may go on duty. */
export interface DriverApproval {
  readonly type: 'driver.approval';
  readonly driver: DriverId;
  readonly user: UserId;
  readonly approved: boolean;
  readonly why: 'ops' | 'papers' | 'background';
  /** Wall ms. */
  readonly atMs: number;
}

export interface PaperReviewed {
  readonly type: 'paper.reviewed';
  readonly paper: DocumentId;
  readonly driver: DriverId;
  readonly approved: boolean;
  readonly reason: string | null;
  /** Wall ms. */
  readonly atMs: number;
}

/** Told once for each of the steps of the warning. */
export interface PaperExpiring {
  readonly type: 'paper.expiring';
  readonly paper: DocumentId;
  readonly driver: DriverId;
  readonly kind: string;
  /** YYYY-MM-DD. */
  readonly expiresOn: string;
  readonly daysLeft: number;
  /** Wall ms. */
  readonly atMs: number;
}

/** A driver is not on duty though its shift has begun; `no_show`: and it is too late to come. */
export interface ShiftMissed {
  readonly type: 'shift.missed';
  readonly shift: ShiftId;
  readonly driver: DriverId;
  readonly zone: ZoneId;
  readonly attendance: 'late' | 'no_show';
  /** Zone ms. */
  readonly startsMs: number;
  readonly atMs: number;
}

export type DriverEvent = DriverApproval | PaperReviewed | PaperExpiring | ShiftMissed;
