/**
 * The demo as a process: `npm start` runs it as a child of the launcher. It reads its options, plays
 * a generated city or a real day through the public doors, and ends with 0 only if nothing was lost
 * and at most one order in a hundred failed.
 */
import { loadDemoConfig } from '../config/demo.ts';
import { buildCity } from './city.ts';
import { type DemoOptions, OptionError, readOptions } from './options.ts';
import { readDay } from './replay/day.ts';
import { DataError } from './replay/table.ts';
import { Rest, RestError } from './rest.ts';
import { type Outcome, play } from './run.ts';
import type { Scenario } from './scenario.ts';
import { Session } from './session.ts';
import { openCustomerSocket, openDriverSocket } from './sockets.ts';
import { Screen } from './summary.ts';

/** Share of placed orders that may fail. */
const FAILED_SHARE_MAX = 0.01;
/** Their message is one line for a person; anything else is shown with its stack. */
const PLAIN_ERRORS = [DataError, OptionError, RestError];
const LOST_LINES_MAX = 200;

function scenarioOf(options: DemoOptions): Scenario {
  const { replay, speed } = options;
  return replay === undefined ? buildCity(options) : readDay(replay, speed);
}

function report(outcome: Outcome, options: DemoOptions): number {
  const { verdict, positions, positionAgeMs, takeovers, market } = outcome;
  const { orders, sagas, offers, clickToDoorMs, excessMs, onTimePercent, lost, lostDetails } =
    verdict;
  for (const line of lostDetails.slice(0, LOST_LINES_MAX)) process.stderr.write(`lost: ${line}\n`);
  const result = {
    orders,
    sagas,
    ...(market === null ? {} : { market }),
    offers,
    positions,
    clickToDoorMs,
    excessMs,
    onTimePercent,
    positionAgeMs,
    takeovers,
    lost,
    ...(lost > 0 ? { lostDetails: lostDetails.slice(0, LOST_LINES_MAX) } : {}),
  };
  if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  else process.stdout.write(`${Object.entries(result).map(wordsOf).join('\n')}\n`);
  return lost === 0 && orders.failed <= FAILED_SHARE_MAX * orders.placed ? 0 : 1;
}

function wordsOf([name, value]: [string, unknown]): string {
  return `${name.padEnd(16)}${typeof value === 'object' ? JSON.stringify(value) : String(value)}`;
}

function askLauncherToKill(target: string): void {
  process.send?.({ type: 'kill', target });
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  const scenario = scenarioOf(options);
  if (options.check) return 0;
  const config = loadDemoConfig(process.env);
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  // The launcher is gone: nobody is left to play for.
  process.once('disconnect', stop);
  const rest = new Rest(config.apiUrl, stopping.signal);
  const outcome = await play({
    scenario,
    options,
    rest,
    ops: new Session(rest, config.operator),
    openDriver: openDriverSocket(config.gatewayUrl),
    openCustomer: openCustomerSocket(config.gatewayUrl),
    screen: new Screen(options.json ? process.stderr : process.stdout),
    page: `${config.apiUrl}/`,
    kill: process.send ? askLauncherToKill : null,
    stop: stopping.signal,
  });
  return outcome ? report(outcome, options) : 0;
}

/** One line for a mistake of the person, the stack for anything else. */
function wordsFor(error: unknown): string {
  const isPlain = PLAIN_ERRORS.some((kind) => error instanceof kind);
  return isPlain ? (error as Error).message : String((error as Error).stack ?? error);
}

const code = await main().catch((error: unknown) => {
  process.stderr.write(`demo: ${wordsFor(error)}\n`);
  return 1;
});
// After a failure sockets may still be open; what was written must reach its reader first.
process.stdout.write('', () => process.exit(code));
