/**
 * The learned model of a city: answers how long a trip will take, and learns from every trip that
 * ends. It owns its whole state as columns (fixed size, whatever happens), is deterministic (the
 * same trips in the same order give the same bytes) and allocates nothing per answer. Where it has
 * seen few trips it leans on the plain pace of all trips of the vehicle.
 *
 * A trip must be learned once, when it ends; learning takes some tens of microseconds.
 */
import { VEHICLE_KINDS } from '../../contracts/states.ts';
import { LearnedCalibration } from './learned-calibration.ts';
import { Columns } from './learned-columns.ts';
import { AT_CONTEXT, NO_CELL, TripInputs } from './learned-inputs.ts';
import { LearnedMemories } from './learned-memories.ts';
import { LearnedNetwork } from './learned-network.ts';
import { LearnedPairs } from './learned-pairs.ts';
import { LEARNED, mix32, roughSeconds } from './learned-shape.ts';
import { LearnedTraffic } from './learned-traffic.ts';
import { RandomStream } from './random.ts';

/** A trip's ends in metres on the zone's plane with their cells, its start, its vehicle's index. */
export type Trip = Pick<
  TripInputs,
  'fromX' | 'fromY' | 'toX' | 'toY' | 'fromCell' | 'toCell' | 'seconds' | 'vehicle'
>;

/** Trips shorter or longer than this teach nothing: they are errors of whoever reports them. */
export const TRIP_SECONDS_MIN = 1;
export const TRIP_SECONDS_MAX = 14_400;

/** No vehicle of a city goes faster: 45 m/s. */
const SECONDS_PER_METER_MIN = 1 / 45;
/** No answer is further from the plain pace than by this factor. */
const FACTOR_MAX = 5;
/** The spread is at least this part of the median. */
const SPREAD_SHARE_MIN = 0.05;
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
  /** Per vehicle: trips, seconds they took, rough seconds they should have taken. */
  private readonly paces = this.columns.add(new Float64Array(3 * VEHICLE_KINDS.length));
  /** Trips that began, and that ended, in each hashed cell of resolution 7. */
  private readonly visits = this.columns.add(new Float64Array(2 * LEARNED.rows7));
  private readonly inputs = new TripInputs();
  private readonly recalled = new TripInputs();

  constructor() {
    for (let member = 0; member < LEARNED.members; member++) {
      const stream = new RandomStream('learned travel time', member);
      this.networks.push(new LearnedNetwork(this.columns, () => stream.below(0x100000) / 0x100000));
    }
  }

  /** Bytes of state: the same from the first trip to the last. */
  get bytes(): number {
    return this.columns.bytes;
  }

  /** Trips learned with a vehicle, by its index in `VEHICLE_KINDS`. */
  trips(vehicle: number): number {
    return this.paces[3 * vehicle] as number;
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
    this.learnTraffic(seconds);
    this.memories.keep(this.inputs, seconds);
    this.pairs.learn(this.inputs, seconds);
    this.count(seconds);
    this.study(seconds);
    return true;
  }

  /** The whole state as chunks of bytes, for a snapshot. */
  encode(): Generator<Uint8Array> {
    return this.columns.encode();
  }

  /** Takes back the state of `encode`. Throws Error when the chunks are of another layout. */
  decode(chunks: Iterable<Uint8Array>): void {
    this.columns.decode(chunks);
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
    const plain = this.plainPace();
    const trust = this.trust();
    const low = plain / FACTOR_MAX;
    const high = plain * FACTOR_MAX;
    const learned = Math.max(low, Math.min(high, median));
    const mixed = trust * learned + (1 - trust) * plain;
    const wide = Math.min(high, Math.max(SPREAD_SHARE_MIN * mixed, spread));
    const rough = roughSeconds(inputs.meters);
    // Half of the duration again is a wide guess for what is not known.
    const mixedSpread = trust * wide + (1 - trust) * 0.5 * plain;
    this.calibration.correct(inputs, rough * mixed, rough * mixedSpread);
  }

  /** What all trips of the vehicle take against the rough guess; 1 before the first. */
  private plainPace(): number {
    const at = 3 * this.inputs.vehicle;
    const rough = this.paces[at + 2] as number;
    return rough > 0 ? (this.paces[at + 1] as number) / rough : 1;
  }

  /** 0 to 1: by trips of the vehicle, and by trips at the better known of the two ends. */
  private trust(): number {
    const { inputs, visits } = this;
    const from = inputs.fromCell === NO_CELL ? 0 : (visits[placeRow(inputs.fromCell)] as number);
    const toRow = LEARNED.rows7 + placeRow(inputs.toCell);
    const to = inputs.toCell === NO_CELL ? 0 : (visits[toRow] as number);
    const known = Math.max(from, to);
    const trips = this.trips(inputs.vehicle);
    return (known / (known + LEARNED.placeTrips)) * (trips / (trips + LEARNED.trustTrips));
  }

  private count(seconds: number): void {
    const { inputs, paces, visits } = this;
    const at = 3 * inputs.vehicle;
    const rough = roughSeconds(inputs.meters);
    paces[at] = (paces[at] as number) + 1;
    paces[at + 1] = (paces[at + 1] as number) * PACE_KEPT + seconds;
    paces[at + 2] = (paces[at + 2] as number) * PACE_KEPT + rough;
    if (inputs.fromCell !== NO_CELL) bump(visits, placeRow(inputs.fromCell));
    if (inputs.toCell !== NO_CELL) bump(visits, LEARNED.rows7 + placeRow(inputs.toCell));
  }

  /** Compares the trip with what it should have taken in calm traffic. */
  private learnTraffic(seconds: number): void {
    const { inputs, networks } = this;
    if (this.trips(inputs.vehicle) < 10 * LEARNED.trustTrips) return;
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
  return cell === NO_CELL ? 0 : mix32(Math.floor(cell / 64)) & (LEARNED.rows7 - 1);
}

function bump(counts: Float64Array, at: number): void {
  counts[at] = (counts[at] as number) + 1;
}
