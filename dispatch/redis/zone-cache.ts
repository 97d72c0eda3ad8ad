/** The directory of zones as last read. It is refreshed on a schedule and on demand; never written. */
import type { Redis } from 'ioredis';
import { polygonContains } from '../../contracts/geo.ts';
import type { ZoneId } from '../../contracts/ids.ts';
import type { ZoneEntry } from '../../contracts/zone.ts';
import type { Keys } from './keys.ts';

const REFRESH_MS = 5_000;

export class ZoneCache {
  private readonly client: Redis;
  private readonly keys: Keys;
  private entries = new Map<ZoneId, ZoneEntry>();
  private sorted: readonly ZoneEntry[] = [];
  private timer: NodeJS.Timeout | null = null;
  private refreshing: Promise<void> | null = null;

  constructor(client: Redis, keys: Keys) {
    this.client = client;
    this.keys = keys;
  }

  /** Reads now and then again and again until `stop`. */
  async start(): Promise<void> {
    await this.refresh();
    this.timer = setInterval(() => void this.refresh().catch(() => {}), REFRESH_MS);
    this.timer.unref();
  }

  stop(): void {
    if (this.timer) clearInterval(this.timer);
    this.timer = null;
  }

  all(): readonly ZoneEntry[] {
    return this.sorted;
  }

  get(zone: ZoneId): ZoneEntry | undefined {
    return this.entries.get(zone);
  }

  /** As `get`, but looks into the directory before it says that there is no such zone. */
  async find(zone: ZoneId): Promise<ZoneEntry | undefined> {
    const known = this.entries.get(zone);
    if (known) return known;
    await this.refresh();
    return this.entries.get(zone);
  }

  at(lat: number, lon: number): ZoneEntry | undefined {
    return this.sorted.find((entry) => polygonContains(entry.polygon, lat, lon));
  }

  /** Reads again; calls at the same time share one reading. */
  refresh(): Promise<void> {
    this.refreshing ??= this.read().finally(() => {
      this.refreshing = null;
    });
    return this.refreshing;
  }

  private async read(): Promise<void> {
    const texts = await this.client.hvals(this.keys.zones);
    const entries = texts.map((text) => JSON.parse(text) as ZoneEntry);
    this.sorted = entries.sort((a, b) => (a.id < b.id ? -1 : 1));
    this.entries = new Map(this.sorted.map((entry) => [entry.id, entry]));
  }
}
