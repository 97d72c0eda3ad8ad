/**
 * One Waggle process: `node services/main.ts --node NAME --services a,b,c`. Owns start and stop of
 * what the process shares (broker, admin server, door) and nothing of what its services do.
 */
import { parseArgs } from 'node:util';
import { ServiceBroker } from 'moleculer';
import type { Logger } from 'pino';
import { Counter, type Registry } from 'prom-client';
import { type Config, loadConfig } from '../config/index.ts';
import { type Door, openDoor } from '../dispatch/redis/door.ts';
import { brokerOptions } from '../moleculer.config.ts';
import { type CallEvent, createCallGuard } from '../platform/call-guard.ts';
import type { CreateService, ServiceContext } from '../platform/service-context.ts';
import {
  type AdminServer,
  createLogger,
  createMetrics,
  startAdminServer,
} from '../platform/telemetry.ts';

/** What a process may be asked to run; each file exports `createService`. */
const SERVICE_FILES: Readonly<Record<string, string>> = {
  api: './api/api.service.ts',
  archive: './archive/archive.service.ts',
  catalog: './catalog/catalog.service.ts',
  deliveries: './deliveries/deliveries.service.ts',
  dispatch: './dispatch/dispatch.service.ts',
  drivers: './drivers/drivers.service.ts',
  gateway: './gateway/gateway.service.ts',
  inventory: './inventory/inventory.service.ts',
  kitchen: './kitchen/kitchen.service.ts',
  orders: './orders/orders.service.ts',
  payments: './payments/payments.service.ts',
  search: './search/search.service.ts',
  tracking: './tracking/tracking.service.ts',
  users: './users/users.service.ts',
  vendors: './vendors/vendors.service.ts',
  webhooks: './webhooks/webhooks.service.ts',
  zones: './zones/zones.service.ts',
};

export interface NodeOptions {
  readonly node: string;
  readonly services: readonly string[];
}

export interface RunningNode {
  readonly broker: ServiceBroker;
  readonly adminPort: number;
  readonly log: Logger;
  /** Stops the services, then what they stand on. Safe to call twice. */
  stop(): Promise<void>;
}

/** Starts a process's worth of services. On failure everything that was started is stopped again. */
export async function startNode(config: Config, options: NodeOptions): Promise<RunningNode> {
  const log = createLogger(options.node, config.log.level);
  const metrics = createMetrics(options.node);
  const admin = await startAdminServer({
    host: config.node.adminHost,
    port: config.node.adminPort,
    metrics,
  });
  const door = lazyDoor(config, log);
  const guard = createCallGuard({ onEvent: reportCalls(log, metrics) });
  const broker = new ServiceBroker(brokerOptions(config, options.node, guard));
  const stop = stopOnce(broker, admin, door);
  const context: ServiceContext = {
    config,
    log,
    metrics,
    addCheck: (name, check) => admin.addCheck(name, check),
    door: door.open,
  };
  try {
    await startWhileLoading(broker, async () => {
      for (const name of options.services) {
        broker.createService((await loadService(name))(context));
      }
    });
    // The broker itself tells the others a second later; until then nobody can call us.
    await broker.registry.discoverer.sendLocalNodeInfo();
  } catch (error) {
    await stop();
    throw error;
  }
  admin.setServing(true);
  return { broker, adminPort: admin.port, log, stop };
}

/** Says what the guard of calls does: in metrics always, in the log when a breaker opens. */
function reportCalls(log: Logger, metrics: Registry): (event: CallEvent, action: string) => void {
  const events = new Counter({
    name: 'waggle_call_events_total',
    help: 'Calls that were refused or made again, and breakers that opened, by action.',
    labelNames: ['event', 'action'],
    registers: [metrics],
  });
  return (event, action) => {
    events.inc({ event, action });
    if (event === 'opened') log.warn({ action }, 'too many calls fail: none are made for a while');
  };
}

/**
 * Starts a broker and loads its services meanwhile: it spends half a second on waiting for its
 * neighbours' greetings. Services begin when both are done, as in an ordinary start.
 */
async function startWhileLoading(broker: ServiceBroker, load: () => Promise<void>): Promise<void> {
  const { transit } = broker;
  if (transit === undefined) {
    await load();
    return broker.start();
  }
  const connect = transit.connect.bind(transit);
  transit.connect = async () => {
    await Promise.all([connect(), load()]);
  };
  await broker.start();
}

async function loadService(name: string): Promise<CreateService> {
  const file = Object.hasOwn(SERVICE_FILES, name) ? SERVICE_FILES[name] : undefined;
  if (file === undefined) {
    const known = Object.keys(SERVICE_FILES).join(', ');
    throw new Error(`there is no service called ${name}; there are ${known}`);
  }
  const module = (await import(file)) as { readonly createService: CreateService };
  return module.createService;
}

interface LazyDoor {
  readonly open: () => Promise<Door>;
  close(): Promise<void>;
}

/** One door per process, opened when the first service asks; a failed try may be made again. */
function lazyDoor(config: Config, log: Logger): LazyDoor {
  let opening: Promise<Door> | undefined;
  return {
    open() {
      opening ??= openDoor({
        redisUrl: config.redis.url,
        keyPrefix: config.redis.keyPrefix,
        shards: config.dispatch.shards,
        mailboxMax: config.dispatch.mailboxMax,
        speed: config.dispatch.speed,
        onProblem: (problem, err) => log.warn({ err }, problem),
      }).catch((error: unknown) => {
        opening = undefined;
        throw error;
      });
      return opening;
    },
    async close() {
      const door = await opening?.catch(() => undefined);
      await door?.close();
    },
  };
}

function stopOnce(broker: ServiceBroker, admin: AdminServer, door: LazyDoor): () => Promise<void> {
  let stopping: Promise<void> | undefined;
  const run = async (): Promise<void> => {
    admin.setServing(false);
    try {
      await broker.stop();
    } finally {
      await door.close();
      await admin.close();
    }
  };
  return () => {
    stopping ??= run();
    return stopping;
  };
}

function readArguments(argv: readonly string[]): NodeOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: { node: { type: 'string' }, services: { type: 'string' } },
  });
  const services = (values.services ?? '').split(',').filter((name) => name !== '');
  if (values.node === undefined || services.length === 0) {
    throw new Error('usage: node services/main.ts --node NAME --services a,b,c');
  }
  return { node: values.node, services };
}

/** Starts the process, then waits for a signal. A failure is one line and exit code 1. */
async function main(): Promise<void> {
  try {
    const options = readArguments(process.argv.slice(2));
    const config = loadConfig({ ...process.env, WAGGLE_NODE_NAME: options.node });
    const running = await startNode(config, options);
    running.log.info({ services: options.services, admin: running.adminPort }, 'started');
    const onSignal = (signal: NodeJS.Signals): void => {
      running.log.info({ signal }, 'stopping');
      // A stop that hangs must not keep the process: what it holds is safe to lose by design.
      setTimeout(() => process.exit(1), config.node.stopDeadlineMs).unref();
      running.stop().then(
        () => process.exit(0),
        (error: unknown) => fail(error),
      );
    };
    process.once('SIGTERM', onSignal);
    process.once('SIGINT', onSignal);
  } catch (error) {
    fail(error);
  }
}

function fail(error: unknown): never {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`waggle: ${message}\n`);
  process.exit(1);
}

if (import.meta.main) await main();
