/** TEMPORARY direct socket until client/ lands. */
import type { CellPicture, NodePicture } from '../../contracts/push.ts';
import type { Connection } from './panel.ts';

export interface FeedOptions {
  readonly url: string;
  /** Called before each connection; null: nobody is logged in. */
  readonly token: () => Promise<string | null>;
  readonly onCell: (picture: CellPicture) => void;
  readonly onNode: (picture: NodePicture) => void;
  readonly onClock: (clock: { readonly zoneMs: number; readonly speed: number }) => void;
  readonly onConnection: (connection: Connection) => void;
}

export interface Feed {
  watch(cells: readonly string[]): void;
  close(): void;
}

export function openFeed(options: FeedOptions): Feed {
  let cells: readonly string[] = [];
  let socket: WebSocket | null = null;
  const connect = async (): Promise<void> => {
    const token = await options.token();
    const ws = new WebSocket(options.url, 'waggle.v1');
    socket = ws;
    ws.onopen = () => ws.send(JSON.stringify({ t: 'hello', token, app: '1', platform: 'web' }));
    ws.onmessage = ({ data }) => {
      const m = JSON.parse(data as string);
      if (m.t === 'welcome') {
        options.onClock(m);
        options.onConnection('live');
        ws.send(JSON.stringify({ t: 'view', cells, nodes: true }));
      } else if (m.t === 'pic') options.onCell(m.picture);
      else if (m.t === 'nodes') options.onNode(m.picture);
    };
    ws.onclose = () => {
      options.onConnection('reconnecting');
      setTimeout(connect, 500);
    };
  };
  void connect();
  return {
    watch(next) {
      cells = next;
      if (socket?.readyState === 1) socket.send(JSON.stringify({ t: 'view', cells, nodes: true }));
    },
    close() {},
  };
}
