/**
 * Ops watching the map: cells and nodes. One channel of the door per cell however many watch; a
 * viewer that is behind misses pictures, never gets old ones.
 */
import type { Door, Unsubscribe } from '../../dispatch/redis/door.ts';
import type { GatewayMetrics } from './metrics.ts';
import type { Session } from './session.ts';

interface Channel {
  readonly watchers: Set<Session>;
  readonly stop: Promise<Unsubscribe>;
  /** Newest frame, for who comes later; null: none yet. */
  frame: string | null;
}

export interface ViewDeskOptions {
  readonly door: Door;
  readonly metrics: GatewayMetrics;
  readonly warn: (fields: object, text: string) => void;
}

export class ViewDesk {
  private readonly options: ViewDeskOptions;
  private readonly cells = new Map<string, Channel>();
  private nodes: Channel | null = null;

  constructor(options: ViewDeskOptions) {
    this.options = options;
  }

  get channelCount(): number {
    return this.cells.size + (this.nodes ? 1 : 0);
  }

  /** Replaces what a session watches. */
  watch(session: Session, cells: readonly string[], seesNodes: boolean): void {
    const next = new Set(cells);
    const before = session.cells ?? new Set<string>();
    session.cells = next;
    for (const cell of next) if (!before.has(cell)) this.join(session, cell);
    for (const cell of before) if (!next.has(cell)) this.leave(session, cell);
    if (seesNodes && !session.seesNodes) this.joinNodes(session);
    if (!seesNodes && session.seesNodes) this.leaveNodes(session);
    session.seesNodes = seesNodes;
  }

  close(session: Session): void {
    for (const cell of session.cells ?? []) this.leave(session, cell);
    session.cells = null;
    if (session.seesNodes) this.leaveNodes(session);
    session.seesNodes = false;
  }

  private join(session: Session, cell: string): void {
    let channel = this.cells.get(cell);
    if (!channel) {
      const opened: Channel = {
        watchers: new Set(),
        stop: this.options.door.watchCell(cell, (_picture, text) => {
          this.show(opened, `{"t":"pic","picture":${text}}`);
        }),
        frame: null,
      };
      this.cells.set(cell, opened);
      this.dropIfFailed(opened, () => this.cells.get(cell) === opened && this.cells.delete(cell));
      channel = opened;
    }
    channel.watchers.add(session);
    if (channel.frame) session.sendLatest(channel.frame);
  }

  private leave(session: Session, cell: string): void {
    const channel = this.cells.get(cell);
    if (!channel?.watchers.delete(session) || channel.watchers.size > 0) return;
    this.cells.delete(cell);
    this.end(channel);
  }

  private joinNodes(session: Session): void {
    if (!this.nodes) {
      const opened: Channel = {
        watchers: new Set(),
        stop: this.options.door.watchNodes((_picture, text) => {
          this.show(opened, `{"t":"nodes","picture":${text}}`);
        }),
        frame: null,
      };
      this.nodes = opened;
      this.dropIfFailed(opened, () => {
        if (this.nodes === opened) this.nodes = null;
      });
    }
    this.nodes.watchers.add(session);
    this.options.door
      .nodePictures()
      .then((pictures) => {
        if (!session.seesNodes) return;
        for (const picture of pictures) {
          session.sendLatest(JSON.stringify({ t: 'nodes', picture }));
        }
      })
      .catch((error: unknown) => this.options.warn({ err: error }, 'node pictures not read'));
  }

  private leaveNodes(session: Session): void {
    const channel = this.nodes;
    if (!channel?.watchers.delete(session) || channel.watchers.size > 0) return;
    this.nodes = null;
    this.end(channel);
  }

  private show(channel: Channel, frame: string): void {
    channel.frame = frame;
    const { flows } = this.options.metrics;
    for (const session of channel.watchers) {
      if (session.sendLatest(frame)) flows.pictures += 1;
      else flows.latest_overwritten += 1;
    }
  }

  /** A subscription that failed is tried again by the next VIEW; its viewers are sent to reconnect. */
  private dropIfFailed(channel: Channel, forget: () => void): void {
    channel.stop.catch((error: unknown) => {
      forget();
      this.options.warn({ err: error }, 'subscribing failed');
      for (const session of channel.watchers) session.close('unavailable');
    });
  }

  private end(channel: Channel): void {
    channel.stop
      .then((stop) => stop())
      .catch((error: unknown) => this.options.warn({ err: error }, 'unsubscribing failed'));
  }
}
