/**
 * Gives names to the statements a service runs again and again, so that Postgres parses and plans each
 * once for a connection and not once for a call: that was a sixth of what it did for an order. Owns
 * what is named on the connections of one pool. What is run seldom, or with a text of its own each
 * time (lists in the text), stays without a name.
 */
import type { Knex } from 'knex';

/** A text that was used so often gets a name. */
const USES_MIN = 5;
/** Texts that are counted; when there are more, those without a name are forgotten. */
const COUNTED_MAX = 1_000;
/** Names on one connection; Postgres keeps a plan for each. */
const NAMES_MAX = 200;
/**
 * How long a plan is kept, host ms. One that was made for a table of ten rows reads all of it, which
 * would stay so while the table grows until autovacuum has counted it again.
 */
const PLANS_KEPT_MS = 10_000;
/** A named statement is not there, or a migration has changed what it answers: begin anew. */
const FORGOTTEN = '26000';
const CHANGED = 'cached plan must not change result type';

/** What is used of pg's client. */
export interface Connection {
  query(text: string): Promise<{ readonly command?: string }>;
  /** Set: knex's pool closes it instead of handing it out. */
  __knex__disposed?: unknown;
}

interface Query {
  readonly sql: string;
  readonly bindings?: readonly unknown[];
  options?: object;
}

interface Client {
  _query(connection: Connection, query: Query): Promise<unknown>;
}

/** Names what runs on the connections of a pool. */
export function nameStatements(knex: Knex): void {
  const client = knex.client as Client;
  const run = client._query;
  const uses = new Map<string, number>();
  const names = new Map<string, string>();
  const plannedMs = new WeakMap<Connection, number>();
  const nameOf = (text: string): string | undefined => {
    const known = names.get(text);
    if (known !== undefined || names.size === NAMES_MAX) return known;
    const count = (uses.get(text) ?? 0) + 1;
    if (count < USES_MIN) {
      if (uses.size === COUNTED_MAX) uses.clear();
      uses.set(text, count);
      return undefined;
    }
    uses.delete(text);
    const name = `s${names.size}`;
    names.set(text, name);
    return name;
  };
  client._query = async function query(this: Client, connection, asked) {
    // Without parameters it may be several statements in one text.
    const name = asked.bindings?.length ? nameOf(asked.sql) : undefined;
    if (name === undefined) return run.call(this, connection, asked);
    const nowMs = Date.now();
    if (nowMs - (plannedMs.get(connection) ?? 0) > PLANS_KEPT_MS) {
      plannedMs.set(connection, nowMs);
      // Goes ahead in the same packet. When it fails, what follows does, too, and says why.
      connection.query('DISCARD PLANS').catch(() => {});
    }
    asked.options = { ...asked.options, name };
    try {
      return await run.call(this, connection, asked);
    } catch (error) {
      if (isStale(error)) connection.__knex__disposed = error;
      throw error;
    }
  };
}

/** Whether a named statement was refused only because it was named: the same may be tried again. */
export function isStale(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { code, message } = error as { code?: unknown; message?: unknown };
  return code === FORGOTTEN || (typeof message === 'string' && message.endsWith(CHANGED));
}
