/** Owns a launcher to be killed in a test: starts both stores, prints their pids, and stays. */
import { startPostgres } from '../../../launch/postgres.ts';
import { startRedis } from '../../../launch/redis.ts';

const [stateDir = ''] = process.argv.slice(2);
const [redis, postgres] = await Promise.all([
  startRedis({ stateDir }),
  startPostgres({ stateDir }),
]);
process.stdout.write(`${JSON.stringify([redis.pid, postgres.pid])}\n`);
setInterval(() => {}, 60_000);
