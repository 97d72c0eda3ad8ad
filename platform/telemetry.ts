/**
 * What every process shows of itself: logs with correlation ids, Prometheus metrics, and the admin
 * server with /health/live, /health/ready and /metrics. The admin server is never public.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import pino, { type Logger } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { LogLevel } from '../config/index.ts';
import type { ReadyCheck } from './service-context.ts';

/** A check that takes longer counts as failed, host ms. */
const CHECK_DEADLINE_MS = 2_000;

/** Structured logs to standard output; secrets that may stand in a request are cut out. */
export function createLogger(node: string, level: LogLevel): Logger {
  return pino({
    level,
    base: { node },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: {
      paths: ['*.password', '*.refreshToken', '*.authorization', '*.secret'],
      censor: '[cut]',
    },
  });
}

/** A registry with the process's own metrics and its node name on each. */
export function createMetrics(node: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ node });
  collectDefaultMetrics({ register: registry });
  return registry;
}

export interface AdminServer {
  readonly port: number;
  addCheck(name: string, check: ReadyCheck): void;
  /** Until called with true, and after false, the process is not ready whatever its checks say. */
  setServing(serving: boolean): void;
  close(): Promise<void>;
}

export interface AdminOptions {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  readonly metrics: Registry;
}

/** Starts the admin server. Rejects when the port is taken. */
export async function startAdminServer(options: AdminOptions): Promise<AdminServer> {
  const checks = new Map<string, ReadyCheck>();
  let serving = false;
  const server = createServer((request, response) => {
    const answer = (status: number, type: string, body: string): void => {
      response.writeHead(status, { 'content-type': type });
      response.end(body);
    };
    const respond = async (): Promise<void> => {
      if (request.url === '/health/live') return answer(200, 'application/json', '{"live":true}');
      if (request.url === '/health/ready') {
        const { ready, parts } = await runChecks(checks, serving);
        return answer(ready ? 200 : 503, 'application/json', JSON.stringify({ ready, parts }));
      }
      if (request.url === '/metrics') {
        return answer(200, options.metrics.contentType, await options.metrics.metrics());
      }
      answer(404, 'text/plain', 'not found\n');
    };
    respond().catch((error: unknown) => answer(500, 'text/plain', `${String(error)}\n`));
  });
  await listenOn(server, options);
  return {
    port: (server.address() as AddressInfo).port,
    addCheck(name, check) {
      checks.set(name, check);
    },
    setServing(value) {
      serving = value;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listenOn(server: Server, { host, port }: AdminOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}

async function runChecks(
  checks: ReadonlyMap<string, ReadyCheck>,
  serving: boolean,
): Promise<{ ready: boolean; parts: Record<string, string> }> {
  const parts: Record<string, string> = { process: serving ? 'ok' : 'starting or stopping' };
  await Promise.all(
    [...checks].map(async ([name, check]) => {
      parts[name] = await runCheck(check);
    }),
  );
  return { ready: Object.values(parts).every((state) => state === 'ok'), parts };
}

async function runCheck(check: ReadyCheck): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  try {
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error('did not answer in time')), CHECK_DEADLINE_MS);
    });
    await Promise.race([Promise.resolve(check()), late]);
    return 'ok';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    clearTimeout(timer);
  }
}
