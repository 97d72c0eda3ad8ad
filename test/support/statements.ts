/** Owns a count of the SQL statements that a piece of work costs, whoever else asks meanwhile. */
import { AsyncLocalStorage } from 'node:async_hooks';
import pg from 'pg';
import { cleanUpInReverse, type Scope } from './scope.ts';

export interface StatementCounter {
  /** What the work, and all that it waits for in this process, sent to Postgres. */
  of<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly statements: string[] }>;
}

/** What a pool says to each new connection: how busy it is decides when, not what is asked. */
const ofConnection = /^(set search_path|select version\(\))/i;

/** Watches the driver of this process until the scope ends. */
export function countStatements(scope: Scope): StatementCounter {
  const context = new AsyncLocalStorage<string[]>();
  const { prototype } = pg.Client;
  const original = prototype.query as (...args: unknown[]) => unknown;
  prototype.query = function (this: pg.Client, ...args: unknown[]): unknown {
    const [query] = args;
    const text = typeof query === 'string' ? query : (query as { text?: string } | null)?.text;
    if (!ofConnection.test(text ?? '')) context.getStore()?.push(text ?? '?');
    return original.apply(this, args);
  } as typeof prototype.query;
  cleanUpInReverse(scope, () => {
    prototype.query = original as typeof prototype.query;
  });
  return {
    async of(work) {
      const statements: string[] = [];
      const result = await context.run(statements, work);
      return { result, statements };
    },
  };
}
