/**
 * Owns when helpers clean up. A test builds upwards (server, client, host), so it must take down in
 * reverse; node:test runs `after` hooks first come, first served, which would close the Redis client
 * under a host that still has to hand over its shards.
 */
import { after } from 'node:test';

type CleanUp = () => Promise<void> | void;

/** Both a TestContext and `{ after }` of node:test (for a whole file) fit. */
export interface Scope {
  after(cleanUp: CleanUp): void;
}

const stacks = new WeakMap<Scope, CleanUp[]>();

/**
 * Registers a clean-up that runs after every one registered later on the same scope. From the first
 * call on, `scope.after` itself goes by this order too, so a plain `t.after` is in its right place.
 */
export function cleanUpInReverse(scope: Scope, cleanUp: CleanUp): void {
  const known = stacks.get(scope);
  if (known !== undefined) {
    known.push(cleanUp);
    return;
  }
  const stack: CleanUp[] = [cleanUp];
  stacks.set(scope, stack);
  scope.after(() => runInReverse(stack));
  scope.after = (later: CleanUp) => {
    stack.push(later);
  };
}

/**
 * A scope of all tests of a file: what is made in `before` hooks is cleaned up after the last one.
 * (`after` called within a hook belongs to that hook.)
 */
export function sharedScope(): Scope {
  const cleanUps: CleanUp[] = [];
  after(() => runInReverse(cleanUps));
  return {
    after(cleanUp) {
      cleanUps.push(cleanUp);
    },
  };
}

async function runInReverse(stack: CleanUp[]): Promise<void> {
  const failures: unknown[] = [];
  for (let cleanUp = stack.pop(); cleanUp !== undefined; cleanUp = stack.pop()) {
    try {
      await cleanUp();
    } catch (error) {
      // One broken clean-up must not leave everything below it running.
      failures.push(error);
    }
  }
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) throw new AggregateError(failures, 'several clean-ups failed');
}
