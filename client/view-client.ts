/** The client of a live map: cells and nodes, for ops. */
import { WIRE_LIMITS } from '../contracts/wire/messages.ts';
import { ConnectedClient } from './connected-client.ts';
import { Connection } from './connection.ts';
import type { ViewClient, ViewOptions } from './types.ts';

/** Makes a client; `connect()` starts it. */
export function createViewClient(options: ViewOptions): ViewClient {
  return new WaggleViewer(options);
}

class WaggleViewer extends ConnectedClient implements ViewClient {
  protected readonly connection: Connection;
  private cells: readonly string[] = [];
  private nodes = false;

  constructor(options: ViewOptions) {
    super();
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

  watch(cells: readonly string[], options: { readonly nodes?: boolean } = {}): void {
    this.cells = cells.slice(0, WIRE_LIMITS.cellsMax);
    this.nodes = options.nodes ?? this.nodes;
    this.send();
  }

  private send(): void {
    this.connection.send(JSON.stringify({ t: 'view', cells: this.cells, nodes: this.nodes }));
  }
}
