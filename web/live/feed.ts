/**
 * Owns the line to the gateway: it turns the client's states into those of the page, and makes sure
 * that an expired token is renewed or given up, never sent again and again.
 */
import {
  type ConnectionState,
  closeInstruction,
  createViewClient,
  type ViewClient,
} from '../../client/index.ts';
import type { CellPicture, NodePicture } from '../../contracts/push.ts';
import type { Connection } from './panel.ts';

export interface FeedOptions {
  /** WebSocket address of the gateway. */
  readonly url: string;
  /** Good for the first connection. */
  readonly token: string;
  /** A fresh token, or null when only a new log-in or link helps. */
  readonly renew: () => Promise<string | null>;
  readonly onCell: (picture: CellPicture) => void;
  readonly onNode: (picture: NodePicture) => void;
  readonly onConnection: (connection: Connection) => void;
}

export interface Feed {
  /** Zone time now; null before the gateway said it. */
  readonly zoneNowMs: number | null;
  /** Zone ms per host ms; null before the gateway said it. */
  readonly speed: number | null;
  /** Replaces the coarse cells that are watched. */
  watch(cells: readonly string[]): void;
  close(): void;
}

/** A token this close to its end, by this machine's clock, is renewed before it is used again. */
const RENEW_BEFORE_MS = 60_000;

/** When a JWT ends, host ms UTC; null when it does not say. Only a hint: the gateway decides. */
export function tokenEndMs(token: string): number | null {
  try {
    const [, body = ''] = token.split('.');
    const claims: unknown = JSON.parse(atob(body.replace(/-/g, '+').replace(/_/g, '/')));
    const { exp } = claims as { exp?: unknown };
    return typeof exp === 'number' ? exp * 1_000 : null;
  } catch {
    // Not a JWT: the gateway will say what it thinks of it.
    return null;
  }
}

class ClientFeed implements Feed {
  private readonly options: FeedOptions;
  private readonly client: ViewClient;
  private token: string;
  private used = false;
  private expired = false;
  private known = false;
  private ended = false;

  constructor(options: FeedOptions) {
    this.options = options;
    this.token = options.token;
    this.client = createViewClient({
      url: options.url,
      token: () => this.nextToken(),
      platform: 'web',
      onCell: options.onCell,
      onNode: options.onNode,
      onClock: () => {
        this.known = true;
      },
      onState: (state, { code }) => {
        if (this.ended) return;
        if (code !== undefined) this.expired = closeInstruction(code) === 'renew_token';
        if (state === 'live') this.expired = false;
        if (state === 'refused') this.refuse();
        else options.onConnection(this.wordFor(state));
      },
    });
  }

  /** Each further attempt is part of one outage: the chip must not flicker between two words. */
  private wordFor(state: Exclude<ConnectionState, 'refused'>): Connection {
    if (state !== 'idle' && state !== 'connecting') return state;
    return this.known ? 'reconnecting' : 'connecting';
  }

  start(): void {
    // What goes wrong is told by onState; the promise says nothing more.
    this.client.connect().catch(() => undefined);
  }

  get zoneNowMs(): number | null {
    return this.known ? this.client.zoneNowMs() : null;
  }

  get speed(): number | null {
    return this.known ? this.client.speed : null;
  }

  watch(cells: readonly string[]): void {
    this.client.watch(cells, { nodes: true });
  }

  close(): void {
    this.ended = true;
    this.client.close();
  }

  private refuse(): void {
    if (this.ended) return;
    this.close();
    this.options.onConnection('refused');
  }

  private async nextToken(): Promise<string> {
    const endMs = tokenEndMs(this.token);
    const ending = this.used && endMs !== null && endMs - Date.now() < RENEW_BEFORE_MS;
    this.used = true;
    if (!ending && !this.expired) return this.token;
    const fresh = await this.options.renew();
    if (fresh !== null) {
      this.token = fresh;
      this.expired = false;
    }
    // A link's token cannot be renewed: it serves until the gateway says that it has ended.
    if (this.expired) this.refuse();
    return this.token;
  }
}

/** Opens the line and keeps it: reconnects by itself until closed or refused. */
export function openFeed(options: FeedOptions): Feed {
  const feed = new ClientFeed(options);
  feed.start();
  return feed;
}
