/** What a delivery asks its driver to show, as stored and as shown, and what is still missing. Pure. */
import type { ProofKind, ProofNeeds } from '../../../contracts/api/proofs.ts';
import type { Pins } from './proof-pins.ts';

/** As stored: of the PIN only the name of the key it is derived with. */
export interface StoredNeeds {
  readonly pinKid?: string;
  readonly photo?: true;
  readonly signature?: true;
  readonly ageMin?: number;
}

/** One proof, as far as it decides what is missing. */
export interface Shown {
  readonly kind: ProofKind;
  readonly arrived: boolean;
  readonly passed: boolean;
}

/** Null when nothing is asked for in the end. */
export function storedNeeds(needs: ProofNeeds, pins: Pins): StoredNeeds | null {
  const stored: StoredNeeds = {
    ...(needs.pin === true ? { pinKid: pins.kid } : {}),
    ...(needs.photo === true ? { photo: true as const } : {}),
    ...(needs.signature === true ? { signature: true as const } : {}),
    ...(needs.ageMin === undefined ? {} : { ageMin: needs.ageMin }),
  };
  return Object.keys(stored).length === 0 ? null : stored;
}

/** What everybody may know. */
export function needsOf(stored: StoredNeeds | null): ProofNeeds | null {
  if (stored === null) return null;
  const { pinKid, photo, signature, ageMin } = stored;
  return {
    ...(pinKid === undefined ? {} : { pin: true }),
    ...(photo === true ? { photo } : {}),
    ...(signature === true ? { signature } : {}),
    ...(ageMin === undefined ? {} : { ageMin }),
  };
}

/** What is asked for and was not shown at the door, in a fixed order. */
export function missingOf(stored: StoredNeeds | null, shown: readonly Shown[]): ProofKind[] {
  if (stored === null) return [];
  const isThere = (kind: ProofKind): boolean =>
    shown.some((each) => each.kind === kind && each.arrived && each.passed);
  const asked: ProofKind[] = [
    ...(stored.pinKid === undefined ? [] : (['pin'] as const)),
    ...(stored.photo === true ? (['photo'] as const) : []),
    ...(stored.signature === true ? (['signature'] as const) : []),
    ...(stored.ageMin === undefined ? [] : (['age'] as const)),
  ];
  return asked.filter((kind) => !isThere(kind));
}

/** Whole years between two days, both `YYYY-MM-DD`. Born on 29 February: a year older on 1 March. */
export function ageOn(birthDate: string, today: string): number {
  const years = Number(today.slice(0, 4)) - Number(birthDate.slice(0, 4));
  return today.slice(5) < birthDate.slice(5) ? years - 1 : years;
}
