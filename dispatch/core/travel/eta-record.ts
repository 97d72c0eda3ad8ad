/**
 * How well the told ranges hold: per stage how many deliveries came to their door within the range last
 * told, before it or after it; and by how much ranges are stretched so that eight in ten do. State:
 * changed by `eta.told` and the end of deliveries alone; two records of fixed size.
 */

/** When a range was told: as the delivery got its driver, and as it was picked up. */
export type EtaStage = 'assigned' | 'picked_up';
export const ETA_STAGES: readonly EtaStage[] = ['assigned', 'picked_up'];

/** A range that was told, zone ms. */
export interface ToldEta {
  readonly stage: EtaStage;
  /** When it was told. */
  readonly atMs: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Part of deliveries that may come before a range, and after it, per mille. */
const OUTSIDE_PER_MILLE = 100;
/** How fast the stretch follows, per mille of it for each delivery. */
const STEP_PER_MILLE = 20;
const STRETCH_MIN = 250;
const STRETCH_MAX = 4_000;

/** Counts since the zone was opened, and the stretch of the lower and the upper part, per mille. */
export interface StageRecord {
  readonly stage: EtaStage;
  readonly inside: number;
  readonly before: number;
  readonly after: number;
  readonly lessPerMille: number;
  readonly morePerMille: number;
}

const FRESH = { inside: 0, before: 0, after: 0, lessPerMille: 1_000, morePerMille: 1_000 };

export class EtaRecord {
  private readonly stages = new Map<EtaStage, StageRecord>();

  of(stage: EtaStage): StageRecord {
    return this.stages.get(stage) ?? { stage, ...FRESH };
  }

  stretchOf(stage: EtaStage): Pick<StageRecord, 'lessPerMille' | 'morePerMille'> {
    return this.of(stage);
  }

  /** Takes in that a delivery which was told `told` came to its door at `doorMs`, if that was later. */
  judge(told: ToldEta, doorMs: number): void {
    if (doorMs <= told.atMs) return;
    const { stage, inside, before, after, lessPerMille, morePerMille } = this.of(told.stage);
    const isBefore = doorMs < told.fromMs;
    const isAfter = doorMs > told.toMs;
    this.stages.set(stage, {
      stage,
      inside: inside + (isBefore || isAfter ? 0 : 1),
      before: before + (isBefore ? 1 : 0),
      after: after + (isAfter ? 1 : 0),
      lessPerMille: followed(lessPerMille, isBefore),
      morePerMille: followed(morePerMille, isAfter),
    });
  }

  /** Everything that differs from a fresh record; for snapshots. */
  all(): StageRecord[] {
    return ETA_STAGES.flatMap((stage) => this.stages.get(stage) ?? []);
  }

  restore(record: StageRecord): void {
    this.stages.set(record.stage, record);
  }
}

/** Grows when a delivery came outside, shrinks a little when not: still when one in ten does. */
function followed(perMille: number, isOutside: boolean): number {
  const part = isOutside ? 1_000 - OUTSIDE_PER_MILLE : -OUTSIDE_PER_MILLE;
  const moved = perMille + Math.round((STEP_PER_MILLE * part) / 1_000);
  return Math.max(STRETCH_MIN, Math.min(STRETCH_MAX, moved));
}

/** The ranges told of a delivery with one more; a stage told again replaces itself. */
export function withTold(told: readonly ToldEta[] | undefined, next: ToldEta): ToldEta[] {
  return [...(told ?? []).filter(({ stage }) => stage !== next.stage), next];
}
