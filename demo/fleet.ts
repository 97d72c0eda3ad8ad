/**
 * All couriers of a scenario: hired shortly before their shift, put on duty when it begins, sent home
 * when it ends. Hiring is bounded: a few registrations at once, in the order of shifts.
 */
import { DriverApp, type DriverWorld } from './driver.ts';
import type { Hired, Stage } from './people.ts';
import { randomStream } from './random.ts';
import { eachBounded, pause } from './rest.ts';
import type { Scenario, ScenarioCourier } from './scenario.ts';

/** Registrations at once: each costs the server a slow password hash. */
const HIRE_WIDTH = 4;
/** Couriers are hired this long before their shift, wall ms. */
const HIRE_AHEAD_MS = 90_000;
/** How often a courier who could not be hired is tried again. */
const HIRE_TRIES = 3;

export interface FleetWorld {
  readonly driverWorld: DriverWorld;
  readonly scenario: Scenario;
  readonly stage: Stage;
  readonly seed: number;
  readonly say: (line: string) => void;
}

export class Fleet {
  readonly apps = new Set<DriverApp>();
  private readonly world: FleetWorld;
  private readonly queue: ScenarioCourier[];
  private startMs = 0;
  private closed = false;
  notHired = 0;

  constructor(world: FleetWorld) {
    this.world = world;
    this.queue = [...world.scenario.couriers].sort((a, b) => a.onMs - b.onMs);
  }

  /** Hires those whose shift begins within `wallMs` of the start, before the day begins. */
  async hireFirst(wallMs: number): Promise<void> {
    const zoneMs = wallMs * this.world.driverWorld.clock.speed;
    const count = this.queue.findIndex((courier) => courier.onMs > zoneMs);
    const first = this.queue.splice(0, count === -1 ? this.queue.length : count);
    const ready: [ScenarioCourier, Hired][] = [];
    await eachBounded(first, HIRE_WIDTH, async (courier) => {
      const hired = await this.hire(courier);
      if (hired) ready.push([courier, hired]);
    });
    this.prepared = ready;
  }

  private prepared: [ScenarioCourier, Hired][] = [];

  /** Begins the day: shifts start and end by zone time from here on. */
  open(startMs: number): void {
    this.startMs = startMs;
    for (const [courier, hired] of this.prepared) this.onShift(courier, hired);
    this.prepared = [];
    const { clock } = this.world.driverWorld;
    void eachBounded(this.queue, HIRE_WIDTH, async (courier) => {
      for (;;) {
        const waitMs = clock.wallMsUntil(startMs + courier.onMs) - HIRE_AHEAD_MS;
        if (waitMs <= 0 || this.closed) break;
        await pause(Math.min(waitMs, 1_000));
      }
      if (this.closed) return;
      const hired = await this.hire(courier);
      if (hired) this.onShift(courier, hired);
    });
  }

  get working(): number {
    let count = 0;
    for (const app of this.apps) if (app.isWorking) count++;
    return count;
  }

  /** Sends everybody home in order, and after `wallMs` at once. */
  async close(wallMs: number): Promise<void> {
    this.closed = true;
    const apps = [...this.apps];
    for (const app of apps) app.leave();
    const everybody = Promise.all(apps.map((app) => app.done));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, wallMs);
    });
    await Promise.race([everybody, late]);
    clearTimeout(timer);
    for (const app of apps) app.finish();
  }

  private async hire(courier: ScenarioCourier): Promise<Hired | null> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.world.stage.hire(courier);
      } catch (error) {
        if (attempt < HIRE_TRIES && !this.closed) continue;
        this.notHired++;
        this.world.say(`courier ${courier.key} was not hired: ${(error as Error).message}`);
        return null;
      }
    }
  }

  private onShift(courier: ScenarioCourier, hired: Hired): void {
    const { driverWorld, seed } = this.world;
    const { clock, wheel } = driverWorld;
    const begin = (): void => {
      if (this.closed || clock.wallMsUntil(this.startMs + courier.offMs) <= 0) return;
      const random = randomStream(seed, `courier ${courier.key}`);
      const app = new DriverApp(driverWorld, hired, courier, random);
      this.apps.add(app);
      void app.done.then(() => this.apps.delete(app));
      if (courier.offMs === Number.POSITIVE_INFINITY) return;
      wheel.after(clock.wallMsUntil(this.startMs + courier.offMs), () => app.leave());
    };
    const delayMs = clock.wallMsUntil(this.startMs + courier.onMs);
    if (delayMs > 0) wheel.after(delayMs, begin);
    else begin();
  }
}
