/**
 * Owns the pool of one service to its own Postgres schema. A service sees only its schema: names in
 * its queries are bare, so its database can be moved elsewhere by configuration alone.
 */
import createKnex, { type Knex } from 'knex';
import pg from 'pg';
import type { DatabaseConfig, DatabaseService } from '../config/index.ts';
import { isRetryable } from './database-errors.ts';
import { isStale, nameStatements } from './statements.ts';
import { runTransaction } from './transactions.ts';

/** int8 arrives as text by default; every count and time here is a safe integer. */
const INT8_OID = 20;
const NUMERIC_OID = 1700;
const TRANSACTION_TRIES_MAX = 4;

export type { Knex } from 'knex';
export type Transaction = Knex.Transaction;
/** A pool or a transaction: what a query runs on. */
export type Queryable = Knex | Knex.Transaction;

export interface Database {
  readonly schema: DatabaseService;
  readonly url: string;
  readonly knex: Knex;
  /** Runs in one transaction; repeats it when Postgres says that the same may simply be tried again. */
  transaction<T>(work: (trx: Transaction) => Promise<T>): Promise<T>;
  /** Throws when Postgres does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Name of the Postgres schema of a service. */
export function schemaOf(service: DatabaseService): string {
  return service;
}

/** Opens the pool; connects at the first query. */
export function openDatabase(service: DatabaseService, config: DatabaseConfig): Database {
  const knex = createKnex.knex({
    client: 'pg',
    connection: {
      connectionString: config.url,
      application_name: `waggle-${service}`,
      statement_timeout: config.timeoutMs,
      connectionTimeoutMillis: config.timeoutMs,
      types: { getTypeParser },
      // What is asked before the last answer has come leaves at once, in its order.
      pipeline: true,
    } as Knex.PgConnectionConfig,
    searchPath: [schemaOf(service)],
    pool: { min: 0, max: config.poolMax },
    acquireConnectionTimeout: config.timeoutMs,
    // Errors name the statement; what it was about may be a person's address.
    compileSqlOnError: false,
    // Knex would log deprecations and pool errors to the console; failures are thrown anyway.
    log: { warn() {}, error() {}, deprecate() {}, debug() {} },
  });
  nameStatements(knex);
  return {
    schema: service,
    url: config.url,
    knex,
    transaction: (work) => repeatTransaction(knex, work),
    async ping() {
      await knex.raw('SELECT 1');
    },
    close: () => knex.destroy(),
  };
}

function getTypeParser(oid: number, format?: 'text' | 'binary'): unknown {
  if (oid === INT8_OID || oid === NUMERIC_OID) return Number;
  return format === 'binary'
    ? pg.types.getTypeParser(oid, 'binary')
    : pg.types.getTypeParser(oid, 'text');
}

async function repeatTransaction<T>(
  knex: Knex,
  work: (trx: Transaction) => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await runTransaction(knex, work);
    } catch (error) {
      if (tries >= TRANSACTION_TRIES_MAX || !(isRetryable(error) || isStale(error))) throw error;
    }
  }
}
