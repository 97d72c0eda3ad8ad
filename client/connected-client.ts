/** What the three clients share: one connection, its state and its clocks. */
import type { Connection } from './connection.ts';
import type { ConnectionState } from './types.ts';

export abstract class ConnectedClient {
  protected abstract readonly connection: Connection;

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
}
