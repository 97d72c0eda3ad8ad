/**
 * Every key and channel of the engine in Redis. All keys of a shard share the hash tag `{sN}`, so
 * that its scripts stay possible on a cluster. Nothing else builds keys.
 */
export class Keys {
  readonly prefix: string;

  constructor(prefix: string) {
    this.prefix = prefix;
  }

  private shard(shard: number, name: string): string {
    return `${this.prefix}{s${shard}}:${name}`;
  }

  mailbox(shard: number): string {
    return this.shard(shard, 'mailbox');
  }

  positions(shard: number): string {
    return this.shard(shard, 'positions');
  }

  log(shard: number): string {
    return this.shard(shard, 'log');
  }

  /** Hash: epoch, seq and bytes of the log. */
  head(shard: number): string {
    return this.shard(shard, 'head');
  }

  /** Hash: consumer name → position. */
  consumers(shard: number): string {
    return this.shard(shard, 'consumers');
  }

  lease(shard: number): string {
    return this.shard(shard, 'lease');
  }

  /** Hash: `current` and `older`, each the JSON of a generation. */
  snapshot(shard: number): string {
    return this.shard(shard, 'snapshot');
  }

  /** Hash: chunk number → text. */
  snapshotChunks(shard: number, position: string): string {
    return `${this.snapshot(shard)}:${position}`;
  }

  /** Hash: mailbox entry → abnormal stops. */
  poison(shard: number): string {
    return this.shard(shard, 'poison');
  }

  /** Stream of what a gateway must push. */
  gateway(gateway: string): string {
    return `${this.prefix}gw:${gateway}`;
  }

  /** Sharded channel of a delivery. */
  track(delivery: string): string {
    return `${this.prefix}track:${delivery}`;
  }

  /** Hash: `status` and `pos`, the last message of each kind. */
  trackLast(delivery: string): string {
    return `${this.prefix}track:${delivery}:last`;
  }

  /** Sharded channel of a coarse cell. */
  cell(cell: string): string {
    return `${this.prefix}cell:${cell}`;
  }

  /** Sharded channel of node pictures. */
  get nodesChannel(): string {
    return `${this.prefix}nodes`;
  }

  /** Hash: node → its newest picture. */
  get nodePictures(): string {
    return `${this.prefix}nodes:pictures`;
  }

  /** Hash: node → heartbeat. */
  get nodeBeats(): string {
    return `${this.prefix}nodes:beats`;
  }

  /** Channel: shards that were let go of. */
  get released(): string {
    return `${this.prefix}shards.released`;
  }

  /** Hash: zone → directory entry. */
  get zones(): string {
    return `${this.prefix}directory:zones`;
  }

  /** Channel: the directory of zones changed. */
  get zonesChanged(): string {
    return `${this.prefix}zones.changed`;
  }

  /** Hash: driver → zone. */
  get drivers(): string {
    return `${this.prefix}directory:drivers`;
  }

  /** Hash: anchors and speed of zone time. */
  get clock(): string {
    return `${this.prefix}clock`;
  }

  /** What a node says of the shadow of a zone (JSON, expires). */
  shadowReport(zone: string): string {
    return `${this.prefix}shadow:${zone}`;
  }

  /** What the trial of a zone's shadow has come to, for whoever goes on with it (JSON, expires). */
  shadowKept(zone: string): string {
    return `${this.prefix}shadow:${zone}:kept`;
  }

  /** Counter of driver sessions. */
  get sessions(): string {
    return `${this.prefix}sessions`;
  }

  /** Stream of points for the stored traces. */
  get traces(): string {
    return `${this.prefix}traces`;
  }

  /** Counter: elements of a billed routes source asked for on a UTC day (days since 1970). */
  routesElements(day: number): string {
    return `${this.prefix}routes:elements:${day}`;
  }

  card(delivery: string): string {
    return `${this.prefix}card:${delivery}`;
  }
}
