/**
 * Starts a stand-in by hand: `node sandbox/main.ts osrm|google [PORT]`. For trying out and for tests;
 * its roads are straight lines.
 */
import { startGoogleRoutes } from './google-routes.ts';
import { startOsrm } from './osrm.ts';

const STAND_INS = { osrm: startOsrm, google: startGoogleRoutes } as const;

async function main(): Promise<void> {
  const [name = '', portText = '0'] = process.argv.slice(2);
  const port = Number(portText);
  if (!(name in STAND_INS) || !Number.isInteger(port) || port < 0 || port > 65_535) {
    process.stderr.write('usage: node sandbox/main.ts osrm|google [PORT]\n');
    process.exitCode = 2;
    return;
  }
  const standIn = await STAND_INS[name as keyof typeof STAND_INS]({ port });
  process.stdout.write(`${name} stand-in at ${standIn.url}\n`);
}

await main();
