/**
 * LOC and ACT over HTTP, for apps that a push woke without a socket: the same ids, checks and
 * answers. A driver without a socket here gets a link of its own for some minutes, so that the zone's
 * answer finds its way back. Also `/health`.
 */
import type { HttpRequest, HttpResponse, TemplatedApp } from 'uWebSockets.js';
import { WaggleError } from '../../contracts/errors.ts';
import { pointE7 } from '../../contracts/geo.ts';
import { FieldCheck, isObject, type Untrusted } from '../../contracts/wire/field-check.ts';
import { encodeLoc, LocDecoder, type LocPoint } from '../../contracts/wire/loc-frame.ts';
import { WIRE_LIMITS } from '../../contracts/wire/messages.ts';
import { readAct, readLatLon } from '../../contracts/wire/read-message.ts';
import type { Door } from '../../dispatch/redis/door.ts';
import type { Claims, DriverClaims } from '../../platform/auth/tokens.ts';
import type { DriverDesk } from './driver-desk.ts';
import { type ActionEnd, DriverLink } from './driver-link.ts';
import { HTTP_ACT_MS, HTTP_LINKS_MAX, HTTP_WAITING_MAX } from './limits.ts';
import type { GatewayMetrics } from './metrics.ts';
import { measureClock } from './position-filter.ts';
import type { PositionFlow } from './position-flow.ts';

const SAFE = Number.MAX_SAFE_INTEGER;

export interface HttpTwinOptions {
  readonly door: Door;
  readonly verifyToken: (token: string) => Promise<Claims>;
  readonly metrics: GatewayMetrics;
  readonly drivers: DriverDesk;
  readonly positions: PositionFlow;
  readonly minLocMs: () => number;
  readonly sockets: () => number;
  readonly isDraining: () => boolean;
  readonly warn: (fields: object, text: string) => void;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export class HttpTwin {
  private readonly options: HttpTwinOptions;
  private readonly decoder = new LocDecoder();
  private waiting = 0;

  constructor(options: HttpTwinOptions) {
    this.options = options;
  }

  /** Adds the routes to the app. */
  mount(app: TemplatedApp): void {
    app.get('/health', (response) => {
      const isUp = this.options.door.isReady() && !this.options.isDraining();
      const body = { status: isUp ? 'ok' : 'unavailable', sockets: this.options.sockets() };
      write(response, { status: isUp ? 200 : 503, body });
    });
    app.options('/v1/*', (response) => {
      response.cork(() => {
        cors(response.writeStatus('204 No Content'))
          .writeHeader('access-control-allow-methods', 'POST')
          .writeHeader('access-control-allow-headers', 'authorization, content-type')
          .writeHeader('access-control-max-age', '86400')
          .endWithoutBody();
      });
    });
    app.post('/v1/loc', (response, request) => {
      this.serve(response, request, (claims, body) => this.loc(claims, body));
    });
    app.post('/v1/act', (response, request) => {
      this.serve(response, request, (claims, body) => this.act(claims, body));
    });
  }

  private serve(
    response: HttpResponse,
    request: HttpRequest,
    run: (claims: Claims, body: unknown) => Promise<Answer>,
  ): void {
    this.options.metrics.flows.http_requests += 1;
    const token = /^Bearer (\S+)$/.exec(request.getHeader('authorization'))?.[1];
    let isAborted = false;
    response.onAborted(() => {
      isAborted = true;
    });
    const finish = (answer: Answer): void => {
      if (!isAborted) write(response, answer);
    };
    readBody(response)
      .then(async (text) => {
        if (token === undefined) throw new WaggleError('auth.missing');
        if (this.waiting >= HTTP_WAITING_MAX) throw new WaggleError('service.unavailable');
        const claims = await this.options.verifyToken(token);
        this.waiting += 1;
        try {
          return await run(claims, parse(text));
        } finally {
          this.waiting -= 1;
        }
      })
      .then(finish, (error: unknown) => finish(this.problem(error)));
  }

  private problem(error: unknown): Answer {
    const known = error instanceof WaggleError ? error : new WaggleError('internal');
    if (known.code === 'internal') this.options.warn({ err: error }, 'HTTP call failed');
    const { refusals } = this.options.metrics;
    if (known.code === 'auth.invalid' || known.code === 'auth.missing') refusals.token_invalid += 1;
    else if (known.code === 'auth.expired') refusals.token_expired += 1;
    else if (known.code === 'request.too_large') refusals.too_large += 1;
    else if (known.code === 'request.malformed') refusals.malformed += 1;
    else if (known.code === 'request.invalid') refusals.invalid += 1;
    return { status: known.status, body: known.toProblem() };
  }

  private async loc(claims: Claims, body: unknown): Promise<Answer> {
    const link = await this.linkOf(claims);
    const { sentMs, seq, points, isBacklog } = readLoc(body);
    for (let from = 0; from < points.length; from += WIRE_LIMITS.locPointsMax) {
      const chunk = points.slice(from, from + WIRE_LIMITS.locPointsMax);
      const kind = isBacklog ? 'backlog' : 'live';
      const session = link.session;
      const frame = encodeLoc({ kind, session, seq: seq + from, sentMs, points: chunk });
      this.decoder.decode(frame);
      const nowMs = this.options.door.clock.hostMs();
      if (!isBacklog) this.options.positions.takeLive(link, this.decoder, nowMs);
      else await this.options.positions.takeBacklog(link, this.decoder, nowMs);
    }
    const last = seq + points.length - 1;
    return { status: 200, body: { ack: last, minLocMs: this.options.minLocMs() } };
  }

  private async act(claims: Claims, body: unknown): Promise<Answer> {
    requireDriver(claims);
    const check = new FieldCheck(objectOf(body));
    const message = readAct(check);
    const sentMs = check.has('sentMs') ? check.number('sentMs', -SAFE, SAFE) : null;
    if (!check.isGood) throw new WaggleError('request.invalid', undefined, check.problems);
    const link = await this.linkOf(claims);
    const nowMs = this.options.door.clock.hostMs();
    if (sentMs !== null) measureClock(link.fix, sentMs, nowMs);
    const { action } = message;
    const end = await this.answerOf(link, action, () => {
      this.options.drivers.act(link, message, nowMs);
    });
    if (!end) return { status: 202, body: { action } };
    if (end.kind === 'failed') throw end.error;
    const { deed, refused } = end;
    return { status: 200, body: { action, deed, ...(refused ? { refused } : {}) } };
  }

  /** What the zone says, or null when it has not within the time. */
  private answerOf(link: DriverLink, action: number, start: () => void): Promise<ActionEnd | null> {
    return new Promise((resolve) => {
      const waiters = link.waiters ?? new Map<number, (end: ActionEnd) => void>();
      link.waiters = waiters;
      const timer = setTimeout(() => {
        if (waiters.get(action) === settle) waiters.delete(action);
        resolve(null);
      }, HTTP_ACT_MS);
      const settle = (end: ActionEnd): void => {
        clearTimeout(timer);
        resolve(end);
      };
      // The same action asked for twice at once: both get the answer.
      const before = waiters.get(action);
      waiters.set(action, (end) => {
        before?.(end);
        settle(end);
      });
      start();
    });
  }

  private async linkOf(claims: Claims): Promise<DriverLink> {
    const driver = requireDriver(claims);
    const { door, drivers } = this.options;
    const open = drivers.find(driver.id);
    if (open) return open;
    if (drivers.httpLinks >= HTTP_LINKS_MAX) {
      throw new WaggleError('service.unavailable');
    }
    const [session, zone] = await Promise.all([door.nextSession(), door.driverZone(driver.id)]);
    const since = drivers.find(driver.id);
    if (since) return since;
    const link = new DriverLink({
      driver: driver.id,
      session,
      claims: driver,
      socket: null,
      holds: [],
    });
    link.seenMs = door.clock.hostMs();
    drivers.open(link, zone);
    return link;
  }
}

function requireDriver(claims: Claims): DriverClaims {
  const { driver, scope, role } = claims;
  if (scope !== 'access' || role !== 'driver' || !driver) throw new WaggleError('auth.forbidden');
  return driver;
}

interface LocBody {
  readonly sentMs: number;
  readonly seq: number;
  readonly points: readonly LocPoint[];
  readonly isBacklog: boolean;
}

function readLoc(body: unknown): LocBody {
  const check = new FieldCheck(objectOf(body));
  const sentMs = check.number('sentMs', -SAFE, SAFE);
  const seq = check.has('seq') ? check.integer('seq', 0, 0xffff_ff00) : 0;
  const isBacklog = check.has('backlog') && check.flag('backlog');
  const raw = objectOf(body).points;
  const points: LocPoint[] = [];
  if (!Array.isArray(raw) || raw.length < 1 || raw.length > WIRE_LIMITS.httpPointsMax) {
    check.refuse('points', `a list of 1 to ${WIRE_LIMITS.httpPointsMax} points`);
  } else {
    raw.forEach((item: unknown, index) => {
      const inner = new FieldCheck(isObject(item) ? item : {}, `/points/${index}`);
      points.push(readPoint(inner));
      check.problems.push(...inner.problems);
    });
  }
  if (!check.isGood) throw new WaggleError('request.invalid', undefined, check.problems);
  return { sentMs, seq, points, isBacklog };
}

function readPoint(check: FieldCheck): LocPoint {
  const { lat, lon } = readLatLon(check);
  const deviceMs = check.number('deviceMs', -SAFE, SAFE);
  return {
    ...pointE7(lat, lon),
    deviceMs,
    ...(check.has('mock') && check.flag('mock') ? { mock: true } : {}),
    ...(check.has('accuracyMeters')
      ? { accuracyMeters: Math.round(check.number('accuracyMeters', 0, 1e6)) }
      : {}),
    ...(check.has('speedMps')
      ? { speedCmps: Math.round(check.number('speedMps', 0, 1e4) * 100) }
      : {}),
    ...(check.has('heading')
      ? { headingDegrees: Math.round(check.number('heading', 0, 360)) % 360 }
      : {}),
  };
}

function objectOf(body: unknown): Untrusted {
  if (!isObject(body)) throw new WaggleError('request.malformed', 'the body is not an object');
  return body;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new WaggleError('request.malformed', 'the body is not JSON');
  }
}

/** Reads a bounded body; its chunks are only valid inside the handler, so they are copied. */
function readBody(response: HttpResponse): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    response.onData((chunk, isLast) => {
      size += chunk.byteLength;
      if (size > WIRE_LIMITS.frameBytesMax * 4) {
        chunks.length = 0;
        return reject(new WaggleError('request.too_large'));
      }
      chunks.push(Buffer.from(chunk.slice(0)));
      if (isLast) resolve(Buffer.concat(chunks).toString());
    });
  });
}

const STATUS_TEXT: Readonly<Record<number, string>> = {
  200: '200 OK',
  202: '202 Accepted',
  400: '400 Bad Request',
  401: '401 Unauthorized',
  403: '403 Forbidden',
  409: '409 Conflict',
  413: '413 Content Too Large',
  422: '422 Unprocessable Content',
  429: '429 Too Many Requests',
  503: '503 Service Unavailable',
};

function cors(response: HttpResponse): HttpResponse {
  return response.writeHeader('access-control-allow-origin', '*');
}

function write(response: HttpResponse, { status, body }: Answer): void {
  const type = status < 400 ? 'application/json' : 'application/problem+json';
  response.cork(() => {
    cors(response.writeStatus(STATUS_TEXT[status] ?? String(status)))
      .writeHeader('content-type', type)
      .end(JSON.stringify(body));
  });
}
