/**
 * Follows NOTIFY of one Postgres database on a connection of its own. A hint only: whoever listens
 * must also look by itself now and then, because what is notified while it is away is lost.
 */
import pg from 'pg';
import type { Database } from './database.ts';

const RECONNECT_MS = 1_000;
const CHANNEL = /^[a-z_]{1,60}$/;

export interface Listener {
  stop(): Promise<void>;
}

/** Calls `onNotify` on each notification of the channel, and once after each (re)connect. */
export function listen(database: Database, channel: string, onNotify: () => void): Listener {
  if (!CHANNEL.test(channel)) throw new RangeError(`not a channel name: ${channel}`);
  let stopped = false;
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;

  const retry = (): void => {
    if (stopped || timer !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      void connect();
    }, RECONNECT_MS);
  };
  const connect = async (): Promise<void> => {
    const next = new pg.Client({
      connectionString: database.url,
      application_name: `waggle-${database.schema}-listen`,
      keepAlive: true,
    });
    client = next;
    // A lost connection is reported as an error and an end; either way the end plans the next try.
    next.on('error', () => {});
    next.on('end', retry);
    next.on('notification', onNotify);
    try {
      await next.connect();
      await next.query(`LISTEN ${channel}`);
      onNotify();
    } catch {
      await next.end().catch(() => {});
      retry();
    }
  };
  const connecting = connect();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await connecting;
      await client?.end().catch(() => {});
    },
  };
}
