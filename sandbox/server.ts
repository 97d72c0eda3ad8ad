/**
 * What all stand-ins share: a local HTTP server that keeps what it was asked, and can be told to fail
 * in the ways real providers do. Never part of an installation.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How the next answers fail: an HTTP status, silence, or a body to send as it is. */
export type Fault =
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter?: number }
  | { readonly kind: 'silence' }
  | { readonly kind: 'body'; readonly body: string; readonly type?: string };

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface Reply {
  readonly status: number;
  readonly body: unknown;
}

export interface StandIn {
  readonly url: string;
  /** What was asked since the start, newest last; at most `ASKED_MAX`. */
  readonly asked: Asked[];
  /** Null: answers as it should. */
  fault: Fault | null;
  close(): Promise<void>;
}

const ASKED_MAX = 10_000;
const BODY_BYTES_MAX = 4 * 1024 * 1024;

/** Serves on 127.0.0.1; port 0 takes a free one. */
export async function serve(port: number, answer: (asked: Asked) => Reply): Promise<StandIn> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      const { method = 'GET', url: path = '/', headers } = request;
      const one = { method, path, headers, body };
      if (asked.push(one) > ASKED_MAX) asked.shift();
      if (standIn.fault) return fail(response, standIn.fault);
      const reply = answer(one);
      send(response, reply.status, JSON.stringify(reply.body));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const { port: taken } = server.address() as AddressInfo;
  const standIn: StandIn = {
    url: `http://127.0.0.1:${taken}`,
    asked,
    fault: null,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return standIn;
}

function fail(response: ServerResponse, fault: Fault): void {
  if (fault.kind === 'silence') return;
  if (fault.kind === 'body') return send(response, 200, fault.body, fault.type);
  if (fault.retryAfter !== undefined) response.setHeader('retry-after', String(fault.retryAfter));
  send(response, fault.status, '{}');
}

function send(
  response: ServerResponse,
  status: number,
  body: string,
  type = 'application/json; charset=UTF-8',
): void {
  response.writeHead(status, { 'content-type': type });
  response.end(body);
}

async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request) {
    bytes += (part as Buffer).byteLength;
    if (bytes > BODY_BYTES_MAX) break;
    parts.push(part as Buffer);
  }
  return Buffer.concat(parts).toString('utf8');
}
