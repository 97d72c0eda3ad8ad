/** The client of a live map: cells and nodes, for ops. */
import { WIRE_LIMITS } from '../contracts/wire/messages.ts';
import { Connection } from './connection.ts';
import type { ConnectionState, ViewClient, ViewOptions } from './types.ts';

/** Makes a client; `connect()` starts it. */
export function createViewClient(options: ViewOptions): ViewClient {
  return new WaggleViewer(options);
}

class WaggleViewer implements ViewClient {
  private readonly connection: Connection;
  private cells: readonly string[] = [];
  private nodes = false;

  constructor(options: ViewOptions) {
    this.connection = new Connection(options, {
      hello: () => ({}),
      onWelcome: () => {
        if (this.cells.length > 0 || this.nodes) this.send();
      },
      onMessage: (message) => {
        if (message.t === 'pic') options.onCell?.(message.picture);
        else if (message.t === 'nodes') options.onNode?.(message.picture);
      },
      onBinary: () => {},
      onDown: () => {},
      onEnd: () => {},
    });
  }

  get state(): ConnectionState {
    return this.connection.state;
  }

  get speed(): number {
    return this.connection.speed;
  }

  connect(): Promise<void> {
    return this.connection.connect();
  }

  close(): void {
    this.connection.close();
  }

  serverNowMs(): number {
    return this.connection.serverNowMs();
  }

  zoneNowMs(): number {
    return this.connection.zoneNowMs();
  }

  watch(cells: readonly string[], options: { readonly nodes?: boolean } = {}): void {
    this.cells = cells.slice(0, WIRE_LIMITS.cellsMax);
    this.nodes = options.nodes ?? this.nodes;
    this.send();
  }

  private send(): void {
    this.connection.send(JSON.stringify({ t: 'view', cells: this.cells, nodes: this.nodes }));
  }
}
