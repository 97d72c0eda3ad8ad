/**
 * Owns a stand-in for API and gateway in tests of the live page: the built files under the strictest
 * policy an operator may set, and a socket that plays the pictures a test hands it.
 */

import uWS from 'uWebSockets.js';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';
import type { Exception } from '../../contracts/api/exceptions.ts';
import type { CellPicture, NodePicture } from '../../contracts/push.ts';
import type {
  ClientMessage,
  NodesMessage,
  PicMessage,
  ServerMessage,
  WelcomeMessage,
} from '../../contracts/wire/messages.ts';
import { WIRE_LIMITS } from '../../contracts/wire/messages.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
};

interface Seat {
  cells: Set<string>;
  ready: boolean;
}

function say(socket: uWS.WebSocket<Seat>, message: ServerMessage): void {
  socket.send(JSON.stringify(message));
}

export interface PageServerOptions {
  readonly webDir: string;
  /** The answer to GET /api/v1/zones. */
  readonly zones: unknown;
  readonly speed: number;
  readonly zoneMs: () => number;
  /** The queue that the API has; tests change it. */
  readonly exceptions?: Exception[];
}

/** What the page asked to be done with an exception. */
export interface PageAct {
  readonly path: string;
  readonly token: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export class PageServer {
  static readonly PASSWORD = 'correct horse';
  port = 0;
  /** While true, every new connection is closed at once. */
  away = false;
  /** Close code with which every hello is answered; null: a welcome. */
  refusal: number | null = null;
  /** What was asked to be done with exceptions, in order. */
  readonly acts: PageAct[] = [];
  /** The queries with which the queue was asked for. */
  readonly queries: string[] = [];
  /** The next act is refused with this sentence. */
  refuseAct: string | null = null;
  /** Tokens of the sockets so far, in the order in which they said hello. */
  readonly hellos: string[] = [];
  private readonly sockets = new Set<uWS.WebSocket<Seat>>();
  private readonly options: PageServerOptions;
  private readonly app: uWS.TemplatedApp;
  private listening: uWS.us_listen_socket | null = null;

  constructor(options: PageServerOptions) {
    this.options = options;
    this.app = uWS.App();
    this.app.ws<Seat>('/v1', {
      maxBackpressure: 64 * 1024 * 1024,
      upgrade: (response, request, context) =>
        response.upgrade(
          { cells: new Set(), ready: false },
          request.getHeader('sec-websocket-key'),
          request.getHeader('sec-websocket-protocol'),
          request.getHeader('sec-websocket-extensions'),
          context,
        ),
      open: (socket) => {
        this.sockets.add(socket);
        if (this.away) socket.close();
      },
      close: (socket) => void this.sockets.delete(socket),
      message: (socket, message) => this.heard(socket, Buffer.from(message).toString('utf8')),
    });
    this.app.post('/api/v1/auth/login', (response) => this.logIn(response));
    this.app.get('/api/v1/exceptions', (response, request) => {
      this.queries.push(request.getQuery());
      const items = this.options.exceptions ?? [];
      answerJson(response, '200 OK', { items, next: null });
    });
    this.app.get('/api/v1/deliveries/:id/decisions', (response) => {
      const driver = 'drv_01900000-0000-7000-8000-00000000000a';
      const why = 'Nobody has it: no shortlisted driver could take it without breaking a limit.';
      const rejected = [{ driver, reason: 'radius', words: 'is too far from the pickup' }];
      const items = [{ why, driver: null, candidates: [], rejected }];
      answerJson(response, '200 OK', { items, next: null });
    });
    this.app.post('/api/v1/exceptions/:id/:verb', (response, request) => {
      const path = `${request.getParameter(0)}/${request.getParameter(1)}`;
      this.takeAct(response, path, request.getHeader('authorization'));
    });
    this.app.get('/*', (response, request) => this.serve(response, request.getUrl()));
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.app.listen('127.0.0.1', 0, (socket) => {
        if (!socket) return reject(new Error('no free port'));
        this.listening = socket;
        this.port = uWS.us_socket_local_port(socket);
        resolve();
      });
    });
  }

  /** Resolves once a viewer asked for all of these cells. */
  async untilWatched(cells: readonly string[], timeoutMs: number): Promise<void> {
    const deadlineMs = Date.now() + timeoutMs;
    const watched = (): boolean =>
      [...this.sockets].some((socket) => {
        const seat = socket.getUserData();
        return seat.ready && cells.every((cell) => seat.cells.has(cell));
      });
    while (!watched()) {
      if (Date.now() > deadlineMs) throw new Error('nobody asked for these cells');
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Sends each viewer the pictures of the cells it asked for. Returns how many were sent. */
  play(pictures: readonly CellPicture[], nodes: readonly NodePicture[]): number {
    let sent = 0;
    for (const socket of this.sockets) {
      const { cells, ready } = socket.getUserData();
      if (!ready) continue;
      for (const picture of pictures) {
        if (!cells.has(picture.cell)) continue;
        const message: PicMessage = { t: 'pic', picture };
        say(socket, message);
        sent++;
      }
      for (const picture of nodes) {
        const message: NodesMessage = { t: 'nodes', picture };
        say(socket, message);
      }
    }
    return sent;
  }

  /** Cuts every connection without a farewell, as a killed gateway does. */
  cut(): void {
    for (const socket of [...this.sockets]) socket.close();
  }

  close(): void {
    this.cut();
    if (this.listening) uWS.us_listen_socket_close(this.listening);
    this.app.close();
  }

  private heard(socket: uWS.WebSocket<Seat>, text: string): void {
    const message = JSON.parse(text) as ClientMessage;
    const seat = socket.getUserData();
    if (message.t === 'hello') {
      this.hellos.push(message.token);
      if (this.refusal !== null) {
        socket.end(this.refusal, '');
        return;
      }
      seat.ready = true;
      say(socket, this.welcome());
    }
    if (message.t === 'ping') {
      say(socket, { t: 'pong', serverMs: Date.now(), zoneMs: this.options.zoneMs() });
    }
    if (message.t === 'view') seat.cells = new Set(message.cells);
  }

  private welcome(): WelcomeMessage {
    const { speed, zoneMs } = this.options;
    const limits = {
      frameBytes: WIRE_LIMITS.frameBytesMax,
      messagesPerSecond: 50,
      locPoints: WIRE_LIMITS.locPointsMax,
      subs: WIRE_LIMITS.subsMax,
      cells: WIRE_LIMITS.cellsMax,
    };
    const times = { serverMs: Date.now(), zoneMs: zoneMs(), speed };
    const session = { session: 1, role: 'ops' as const, tokenExpiresMs: Date.now() + 900_000 };
    const pace = { limits, minLocMs: 1_000, reconnectJitterMs: 200 };
    return { t: 'welcome', ...session, ...times, ...pace, zone: null, view: null };
  }

  /** Takes an act down and answers with the exception, or refuses it in the API's words. */
  private takeAct(response: uWS.HttpResponse, path: string, authorization: string): void {
    let text = '';
    response.onAborted(() => undefined);
    response.onData((chunk, last) => {
      text += Buffer.from(chunk).toString('utf8');
      if (!last) return;
      const body = JSON.parse(text) as PageAct['body'];
      this.acts.push({ path, token: authorization.replace('Bearer ', ''), body });
      const detail = this.refuseAct;
      this.refuseAct = null;
      if (detail !== null) return answerJson(response, '409 Conflict', { title: 'x', detail });
      answerJson(response, '200 OK', this.options.exceptions?.[0] ?? {});
    });
  }

  /** Answers as the API does: tokens for the right password, else a problem document. */
  private logIn(response: uWS.HttpResponse): void {
    let text = '';
    response.onAborted(() => undefined);
    response.onData((chunk, last) => {
      text += Buffer.from(chunk).toString('utf8');
      if (!last) return;
      const { password } = JSON.parse(text) as { password?: string };
      const known = password === PageServer.PASSWORD;
      const tokens = { accessToken: 'login-token', refreshToken: 'r', expiresInSeconds: 900 };
      const problem = { title: 'Unauthorized', detail: 'The email or password is wrong.' };
      response.cork(() => {
        response.writeStatus(known ? '200' : '401');
        response.writeHeader('content-type', 'application/json');
        response.end(JSON.stringify(known ? { user: {}, tokens } : problem));
      });
    });
  }

  private serve(response: uWS.HttpResponse, url: string): void {
    let gone = false;
    response.onAborted(() => {
      gone = true;
    });
    const answer = (status: string, type: string, body: string | Buffer): void => {
      if (gone) return;
      response.cork(() => {
        response.writeStatus(status).writeHeader('content-type', type);
        response.writeHeader('content-security-policy', this.policy());
        response.end(body);
      });
    };
    const json = (value: unknown): void => answer('200', 'application/json', JSON.stringify(value));
    if (url === '/api/v1/zones') {
      json(this.options.zones);
      return;
    }
    if (url === '/config.json') {
      json({ gatewayUrl: `ws://127.0.0.1:${this.port}/v1` });
      return;
    }
    const path = normalize(url === '/' ? '/index.html' : url);
    readFile(join(this.options.webDir, path)).then(
      (body) => answer('200', TYPES[extname(path)] ?? 'application/octet-stream', body),
      () => answer('404', 'text/plain', 'not found'),
    );
  }

  private policy(): string {
    return [
      "default-src 'none'",
      "script-src 'self'",
      "worker-src 'self'",
      "style-src 'self'",
      "img-src 'self' data: blob:",
      `connect-src 'self' ws://127.0.0.1:${this.port}`,
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join('; ');
  }
}

function answerJson(response: uWS.HttpResponse, status: string, body: object): void {
  response.cork(() => {
    response.writeStatus(status).writeHeader('content-type', 'application/json');
    response.end(JSON.stringify(body));
  });
}
