/**
 * Transactions on knex's pool. Knex itself makes a whole knex object, two hundred methods and four
 * listeners, for each of its transactions; here one is made for all, and a transaction is a thin
 * object in front of it. Nobody waits for the answer to BEGIN. Owns the beginning and the end of
 * a transaction and what is done after it.
 */
import type { Knex } from 'knex';
import type { Connection } from './statements.ts';

type Afterwards = (pool: Knex) => void;

interface Client {
  transacting?: boolean;
  query(connection: Connection, query: unknown): Promise<unknown>;
  acquireConnection(): Promise<Connection>;
  releaseConnection(connection: Connection): Promise<void>;
}

interface Context {
  client: Client;
  userParams: object;
  queryBuilder(): { table(name: unknown, options?: unknown): unknown };
}

const afterwards = new WeakMap<object, Afterwards[]>();

/** Calls `then` with the pool once the transaction has committed, and never when it has not. */
export function afterCommit(trx: Knex.Transaction, then: Afterwards): void {
  const known = afterwards.get(trx);
  if (known === undefined) throw new Error('this is not a transaction of the platform');
  known.push(then);
}

/** Runs `work` in a transaction: all of it, or nothing when it throws. */
export async function runTransaction<T>(
  knex: Knex,
  work: (trx: Knex.Transaction) => Promise<T>,
): Promise<T> {
  const pool = knex.client as Client;
  const connection = await pool.acquireConnection();
  const state = { isDone: false };
  try {
    const trx = transactionOn(knex, connection, state);
    const begun = connection.query('BEGIN');
    // Whoever waits for it below is told; until then nobody does.
    begun.catch(() => {});
    let answer: T;
    try {
      answer = await work(trx);
      state.isDone = true;
      await begun;
    } catch (error) {
      state.isDone = true;
      await rollBack(connection);
      throw error;
    }
    await commit(connection);
    for (const then of afterwards.get(trx) ?? []) then(knex);
    return answer;
  } finally {
    await pool.releaseConnection(connection);
  }
}

async function commit(connection: Connection): Promise<void> {
  const { command } = await connection.query('COMMIT').catch((error: unknown) => {
    connection.__knex__disposed = error;
    throw error;
  });
  // Postgres answers so when a statement had failed and the failure was not passed on.
  if (command === 'ROLLBACK') throw new Error('the transaction had failed: nothing was written');
}

async function rollBack(connection: Connection): Promise<void> {
  try {
    await connection.query('ROLLBACK');
  } catch (error) {
    // What went wrong first is what is told; a connection in an unknown state serves nobody.
    connection.__knex__disposed = error;
  }
}

/** A knex whose every query runs on one connection, until the transaction is done. */
function transactionOn(
  knex: Knex,
  connection: Connection,
  state: { readonly isDone: boolean },
): Knex.Transaction {
  const pool = knex.client as Client;
  const client: Client = Object.assign(Object.create(pool) as Client, {
    transacting: true,
    query: (_: Connection, query: unknown) =>
      state.isDone
        ? Promise.reject(new Error('the transaction is done: was a query not waited for?'))
        : pool.query(connection, query),
    acquireConnection: async () => connection,
    releaseConnection: async () => {},
  });
  const { context: shared } = knex as unknown as { readonly context: Context };
  const context: Context = Object.assign(Object.create(shared) as Context, {
    client,
    userParams: {},
  });
  const trx = (table: unknown, options?: unknown): unknown =>
    context.queryBuilder().table(table, options);
  Object.setPrototypeOf(trx, knex);
  Object.assign(trx, { context, isTransaction: true });
  afterwards.set(trx, []);
  return trx as unknown as Knex.Transaction;
}
