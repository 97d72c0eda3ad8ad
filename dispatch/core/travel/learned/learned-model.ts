/**
 * The learned model of a city: answers how long a trip will take, and learns from every trip that
 * ends. It owns its whole state as columns (fixed size, whatever happens), is deterministic (the
 * same trips in the same order give the same bytes) and allocates nothing per answer. Where it has
 * seen few trips it leans on the plain pace of all trips of the vehicle.
 *
 * A trip must be learned once, when it ends; learning takes some tens of microseconds.
 */
import { VEHICLE_KINDS } from '../../../../contracts/states.ts';
import { RandomStream } from '../../random.ts';
import { LearnedCalibration } from './learned-calibration.ts';
import { Columns, type FrozenColumns, type PageRun } from './learned-columns.ts';
import { AT_CONTEXT, NO_CELL, TripInputs } from './learned-inputs.ts';
import { LearnedMemories } from './learned-memories.ts';
import { LearnedNetwork } from './learned-network.ts';
import { LearnedPairs } from './learned-pairs.ts';
import { LEARNED, mix32, roughSeconds } from './learned-shape.ts';
import { LearnedTraffic } from './learned-traffic.ts';
import { LearnedTrust } from './learned-trust.ts';

/**
 * A trip's ends in metres on the zone's plane with their cells, its start, its vehicle's index, and what
 * distance and speed alone say that it takes.
 */
export interface Trip
  extends Pick<
    TripInputs,
    'fromX' | 'fromY' | 'toX' | 'toY' | 'fromCell' | 'toCell' | 'seconds' | 'vehicle'
  > {
  guessSeconds: number;
}

/** Trips shorter or longer than this teach nothing: they are errors of whoever reports them. */
export const TRIP_SECONDS_MIN = 1;
export const TRIP_SECONDS_MAX = 14_400;

/** No vehicle of a city goes faster: 45 m/s. */
const SECONDS_PER_METER_MIN = 1 / 45;
/** No answer is further from the plain pace than by this factor. */
const FACTOR_MAX = 5;
/** The spread is at least this part of the median. */
const SPREAD_SHARE_MIN = 0.05;
/** Ways shorter than this lean on distance and speed. */
const NEAR_METERS = 100;
/** How slowly the plain pace forgets, per trip. */
const PACE_KEPT = 0.9998;

export class LearnedModel {
  /** Seconds, set by `answer`. */
  median = 0;
  p10 = 0;
  p90 = 0;
  mean = 0;
  private readonly columns = new Columns();
  private readonly memories = new LearnedMemories(this.columns);
  private readonly traffic = new LearnedTraffic(this.columns);
  private readonly pairs = new LearnedPairs(this.columns);
  private readonly calibration = new LearnedCalibration(this.columns);
  private readonly networks: LearnedNetwork[] = [];
  /** Per vehicle: trips, seconds they took, seconds that distance and speed had said. */
  private readonly paces = this.columns.add(Float64Array, 1, 3 * VEHICLE_KINDS.length);
  /** Trips that began, and that ended, in each hashed cell of resolution 7. */
  private readonly visits = this.columns.add(Float64Array, 2 * LEARNED.rows7);
  /** A running mix of all that was predicted: two models with one history have one digest. */
  private readonly told = this.columns.add(Uint32Array, 1);
  private readonly trust = new LearnedTrust(this.columns);
  private readonly inputs = new TripInputs();
  private readonly recalled = new TripInputs();
  private guessSeconds = 0;
  private plainSeconds = 0;
  private networksSeconds = 0;

  constructor() {
    for (let member = 0; member < LEARNED.members; member++) {
      const stream = new RandomStream('learned travel time', member);
      this.networks.push(new LearnedNetwork(this.columns, () => stream.below(0x100000) / 0x100000));
    }
  }

  /** Bytes of state held now. They grow with what is learned, up to `bytesMax`. */
  get bytes(): number {
    return this.columns.bytes;
  }

  get bytesMax(): number {
    return this.columns.bytesMax;
  }

  /** Trips learned with any vehicle. */
  get learned(): number {
    return this.memories.total;
  }

  /** 32 bits that tell two histories apart at once. Equal states have equal digests. */
  get digest(): number {
    return this.told.read(0)[0] as number;
  }

  /** Trips learned with a vehicle, by its index in `VEHICLE_KINDS`. */
  trips(vehicle: number): number {
    return this.paces.read(0)[3 * vehicle] as number;
  }

  /** Sets `median`, `p10`, `p90` and `mean` for a trip that starts at `trip.seconds`. */
  answer(trip: Trip): void {
    this.describe(trip);
    this.predict();
    const { calibration } = this;
    const fastest = Math.max(1, this.inputs.meters * SECONDS_PER_METER_MIN);
    this.median = Math.max(fastest, calibration.median);
    this.p10 = Math.max(fastest, Math.min(this.median, calibration.p10));
    this.p90 = Math.max(this.median * (1 + SPREAD_SHARE_MIN), calibration.p90);
    this.mean = Math.max(fastest, calibration.mean);
  }

  /** Learns from a trip that took `seconds` and ends now. Answers false where it is no trip. */
  learn(trip: Trip, seconds: number): boolean {
    if (!(seconds >= TRIP_SECONDS_MIN && seconds <= TRIP_SECONDS_MAX)) return false;
    this.traffic.advance(trip.seconds + seconds);
    this.describe(trip);
    this.predict();
    this.calibration.learn(seconds);
    this.trust.learn(
      this.inputs.vehicle,
      Math.abs(this.plainSeconds - seconds),
      Math.abs(this.networksSeconds - seconds),
    );
    this.learnTraffic(seconds);
    this.memories.keep(this.inputs, seconds);
    this.pairs.learn(this.inputs, seconds);
    this.count(seconds);
    this.study(seconds);
    return true;
  }

  /** The whole state as it is now, for a snapshot: it costs references, and it never changes. */
  freeze(): FrozenColumns {
    return this.columns.freeze();
  }

  /**
   * Takes back what `encodeColumns` made of a frozen state. False: it is of another version, and
   * nothing was taken. Throws Error where it does not fit; the model is worthless then.
   */
  restore(runs: Iterable<PageRun>): boolean {
    return this.columns.restore(runs);
  }

  private describe(trip: Trip): void {
    const { inputs } = this;
    inputs.fromX = trip.fromX;
    inputs.fromY = trip.fromY;
    inputs.toX = trip.toX;
    inputs.toY = trip.toY;
    inputs.fromCell = trip.fromCell;
    inputs.toCell = trip.toCell;
    inputs.seconds = trip.seconds;
    inputs.vehicle = trip.vehicle;
    this.guessSeconds = trip.guessSeconds;
    inputs.derive();
    this.traffic.describe(inputs);
    this.pairs.describe(inputs);
  }

  /** Networks and plain pace, each as far as it can be trusted, then calibrated. */
  private predict(): void {
    const { inputs } = this;
    let median = 0;
    let spread = 0;
    for (const network of this.networks) {
      network.answer(inputs);
      median += network.median / LEARNED.members;
      spread += network.spread / LEARNED.members;
    }
    const rough = roughSeconds(inputs.meters);
    const plain = this.plain();
    const share = this.share();
    const low = plain / FACTOR_MAX;
    const high = plain * FACTOR_MAX + rough;
    const learned = Math.max(low, Math.min(high, rough * median));
    const mixed = share * learned + (1 - share) * plain;
    const wide = Math.min(high, Math.max(SPREAD_SHARE_MIN * mixed, rough * spread));
    // Half of the duration again is a wide guess for what is not known.
    const mixedSpread = share * wide + (1 - share) * 0.5 * plain;
    this.plainSeconds = plain;
    this.networksSeconds = learned;
    this.calibration.correct(inputs, mixed, mixedSpread);
  }

  /** Distance and speed, by how much longer all trips of the vehicle took than those said. */
  private plain(): number {
    const at = 3 * this.inputs.vehicle;
    const paces = this.paces.read(0);
    const guessed = paces[at + 2] as number;
    const pace = guessed > 0 ? (paces[at + 1] as number) / guessed : 1;
    return Math.max(1, this.guessSeconds * pace);
  }

  /** The networks' part in an answer: by their record, and by trips at the better known end. */
  private share(): number {
    const { inputs } = this;
    const from = this.visitsAt(inputs.fromCell, 0);
    const to = this.visitsAt(inputs.toCell, LEARNED.rows7);
    const known = Math.max(from, to);
    // Hardly anybody drives to the next door: the nearer it is, the less was learned of such ways.
    const near = Math.min(1, inputs.meters / NEAR_METERS);
    return near * (known / (known + LEARNED.placeTrips)) * this.trust.share(inputs.vehicle);
  }

  private visitsAt(cell: number, first: number): number {
    if (cell === NO_CELL) return 0;
    const row = first + placeRow(cell);
    return this.visits.read(row)[this.visits.at(row)] as number;
  }

  private count(seconds: number): void {
    const { inputs } = this;
    const paces = this.paces.write(0);
    const at = 3 * inputs.vehicle;
    paces[at] = (paces[at] as number) + 1;
    paces[at + 1] = (paces[at + 1] as number) * PACE_KEPT + seconds;
    paces[at + 2] = (paces[at + 2] as number) * PACE_KEPT + this.guessSeconds;
    this.visit(inputs.fromCell, 0);
    this.visit(inputs.toCell, LEARNED.rows7);
    const told = this.told.write(0);
    told[0] = mix32(((told[0] as number) ^ Math.floor(this.calibration.p90 * 4096)) >>> 0);
  }

  private visit(cell: number, first: number): void {
    if (cell === NO_CELL) return;
    const row = first + placeRow(cell);
    const at = this.visits.at(row);
    const visits = this.visits.write(row);
    visits[at] = (visits[at] as number) + 1;
  }

  /** Compares the trip with what it should have taken in calm traffic. */
  private learnTraffic(seconds: number): void {
    const { inputs, networks } = this;
    if (this.trips(inputs.vehicle) < LEARNED.calmTrips) return;
    const { dense } = inputs;
    let median = 0;
    for (let i = 0; i < 5; i++) this.held[i] = dense[AT_CONTEXT + i] as number;
    dense.fill(0, AT_CONTEXT, AT_CONTEXT + 5);
    for (const network of networks) {
      network.answer(inputs);
      median += network.median / LEARNED.members;
    }
    for (let i = 0; i < 5; i++) dense[AT_CONTEXT + i] = this.held[i] as number;
    if (median > 0) this.traffic.learn(inputs, seconds, median * roughSeconds(inputs.meters));
  }

  private readonly held = new Float64Array(5);

  /** Every network studies the trip and rehearses its own choice of old ones. */
  private study(seconds: number): void {
    const { memories, recalled } = this;
    for (let member = 0; member < this.networks.length; member++) {
      const network = this.networks[member] as LearnedNetwork;
      const draw = new RandomStream('rehearsal', member, memories.total);
      network.study(this.inputs, seconds);
      for (let k = 0; k < LEARNED.rehearsals; k++) {
        const took = memories.recall(draw.below(memories.size), recalled);
        network.study(recalled, took);
      }
      network.step(1 + LEARNED.rehearsals);
    }
  }
}

function placeRow(cell: number): number {
  return mix32(Math.floor(cell / 64)) & (LEARNED.rows7 - 1);
}
