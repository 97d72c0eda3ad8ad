/**
 * Owns `npm start`: the stack, then the city on it, then the end of both in order. The last line on
 * standard output is the city's; everything the launcher itself says goes to standard error.
 */
import { canReplay, startCity } from './city-run.ts';
import { LaunchError, reportFailure } from './launch-error.ts';
import { buildLivePage, livePageLink } from './live-page.ts';
import { defaultStateDir } from './paths.ts';
import { type Stack, startStack } from './stack.ts';
import { cityArguments, readStartOptions, type StartOptions } from './start-options.ts';
import { listenForStop, type StopSignal } from './stop-signal.ts';
import { forgetStores } from './stores.ts';

const API_PORT_DEFAULT = 3000;
const GATEWAY_PORT_DEFAULT = 3001;
/** What a city that was told to stop gets for draining and its summary. */
const CITY_STOP_DEADLINE_MS = 15_000;

function say(line: string): void {
  process.stderr.write(`waggle: ${line}\n`);
}

async function main(): Promise<number> {
  const options = readStartOptions(process.argv.slice(2));
  if (options.replay !== undefined && !(await canReplay(options.replay, options.speed))) return 1;
  const stateDir = defaultStateDir();
  if (options.fresh) await forgetStores(stateDir);
  const stop = listenForStop();
  try {
    return await runStack(stateDir, options, stop);
  } finally {
    stop.release();
  }
}

async function runStack(
  stateDir: string,
  options: StartOptions,
  stop: StopSignal,
): Promise<number> {
  const startedAtMs = performance.now();
  const page = buildLivePage();
  const stack = await startStack({
    stateDir,
    apiPort: readPort('WAGGLE_API_PORT', API_PORT_DEFAULT),
    gatewayPort: readPort('WAGGLE_GATEWAY_PORT', GATEWAY_PORT_DEFAULT),
    // An empty variable counts as unset, here as in config.
    redisUrl: process.env.REDIS_URL || undefined,
    databaseUrl: process.env.DATABASE_URL || undefined,
    speed: options.speed,
    notify: say,
    unwanted: stop.requested,
  });
  try {
    await page;
    say(`up in ${Math.round(performance.now() - startedAtMs)} ms`);
    return stop.isRequested() ? 130 : await runCity(stack, options, stop);
  } finally {
    await stack.stop();
  }
}

async function runCity(stack: Stack, options: StartOptions, stop: StopSignal): Promise<number> {
  say(`API: ${stack.apiUrl}/api/v1  docs: ${stack.apiUrl}/api/docs`);
  say(`live page: ${await livePageLink(stack.apiUrl, stack.operator)}`);
  const city = startCity(stack, cityArguments(options));
  const first = await Promise.race([city.ended, stop.requested]);
  if (typeof first === 'string') {
    await city.stop(CITY_STOP_DEADLINE_MS);
    return city.ended;
  }
  if (options.keep && !stop.isRequested()) {
    say('the city has ended, the stack stays up: Ctrl-C stops it');
    await stop.requested;
  }
  return first;
}

/** Ports from the shell are wanted exactly; a busy one is an error, not a reason to move. */
function readPort(variable: string, fallback: number): number {
  const text = process.env[variable];
  if (text === undefined || text === '') return fallback;
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new LaunchError(`${variable}=${text}: expected a port from 1 to 65535`);
}

process.exitCode = await main().catch((error: unknown) =>
  reportFailure(error, (line) => process.stderr.write(line)),
);
