import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { ServiceBroker } from 'moleculer';
import { ROUTES } from '../../contracts/api/routes.ts';
import { WaggleError } from '../../contracts/errors.ts';
import { createBulkhead } from '../../platform/bulkhead.ts';
import { type CallEvent, createCallGuard } from '../../platform/call-guard.ts';
import { CALL_POLICIES, type CallPolicy, policyOf } from '../../platform/call-policies.ts';

const BREAKER = { windowMs: 10_000, callsMin: 4, failedPercent: 50, openMs: 5_000 };
const POLICY: CallPolicy = {
  timeoutMs: 1_000,
  retries: 0,
  concurrencyMax: 2,
  waitingMax: 1,
  breaker: BREAKER,
};

interface Stage {
  readonly events: string[];
  nowMs: number;
  failing: boolean;
  /** How often the action of that name was run. */
  readonly runs: Record<string, number>;
  call(action: string): Promise<unknown>;
}

/** A broker with a read and a write that fail on demand, one that hangs, and one that is fine. */
async function setStage(t: TestContext): Promise<Stage> {
  const runs: Record<string, number> = {};
  const run = (name: string, work: () => unknown) => (): unknown => {
    runs[name] = (runs[name] ?? 0) + 1;
    return work();
  };
  const stage: Stage = {
    events: [],
    nowMs: 0,
    failing: true,
    runs,
    call: (action) => broker.call(action, {}),
  };
  const fail = (): string => {
    if (stage.failing) throw new WaggleError('service.unavailable');
    return 'done';
  };
  const guard = createCallGuard({
    policy: (action) => ({
      ...POLICY,
      retries: action.endsWith('read') ? 2 : 0,
      timeoutMs: action.endsWith('hang') ? 20 : 1_000,
    }),
    now: () => stage.nowMs,
    onEvent: (event: CallEvent, action) => stage.events.push(`${event} ${action}`),
  });
  const broker = new ServiceBroker({ logger: false, middlewares: [guard], requestTimeout: 5_000 });
  broker.createService({
    name: 'shaky',
    actions: {
      read: run('read', fail),
      write: run('write', fail),
      hang: run('hang', () => new Promise(() => {})),
      refuse: run('refuse', () => {
        throw new WaggleError('resource.conflict');
      }),
      meta: (context) => {
        (context.meta as { seen?: boolean }).seen = true;
      },
    },
  });
  broker.createService({ name: 'fine', actions: { read: () => 'fine' } });
  await broker.start();
  t.after(() => broker.stop());
  return stage;
}

async function codes(times: number, call: () => Promise<unknown>): Promise<string[]> {
  const seen: string[] = [];
  for (let n = 0; n < times; n++) {
    seen.push(
      await call().then(
        () => 'ok',
        (error: { code?: string; name: string }) => String(error.code ?? error.name),
      ),
    );
  }
  return seen;
}

describe('calls', () => {
  test('a service that fails is left alone for a while; others are not affected', async (t) => {
    const stage = await setStage(t);
    await codes(10, () => stage.call('shaky.write'));
    assert.equal(stage.runs.write, 4);
    assert.equal(stage.events.filter((event) => event === 'opened shaky.write').length, 1);
    assert.equal(await stage.call('fine.read'), 'fine');
    stage.nowMs += BREAKER.openMs;
    await codes(3, () => stage.call('shaky.write'));
    assert.equal(stage.runs.write, 5, 'one tries, fails, and it stays shut');
    stage.failing = false;
    stage.nowMs += BREAKER.openMs;
    assert.deepEqual(await codes(3, () => stage.call('shaky.write')), ['ok', 'ok', 'ok']);
  });

  test('a service that hangs fails by its time-out, and is left alone, too', async (t) => {
    const stage = await setStage(t);
    await codes(6, () => stage.call('shaky.hang'));
    assert.equal(stage.runs.hang, 4);
    assert.equal(await stage.call('fine.read'), 'fine');
  });

  test('a read is tried again, a write never; the breaker counts calls, not tries', async (t) => {
    const stage = await setStage(t);
    await codes(3, () => stage.call('shaky.read'));
    assert.equal(stage.runs.read, 9);
    assert.deepEqual(
      stage.events.filter((event) => event.startsWith('opened')),
      [],
    );
    await codes(3, () => stage.call('shaky.write'));
    assert.equal(stage.runs.write, 3);
  });

  test('being refused is an answer: it is not tried again and opens nothing', async (t) => {
    const stage = await setStage(t);
    await codes(10, () => stage.call('shaky.refuse'));
    assert.equal(stage.runs.refuse, 10);
    assert.deepEqual(stage.events, []);
  });

  test('more at once than there are places wait; more than may wait are refused', async (t) => {
    const stage = await setStage(t);
    const all = await Promise.allSettled([1, 2, 3, 4, 5].map(() => stage.call('shaky.hang')));
    assert.ok(all.every(({ status }) => status === 'rejected'));
    assert.equal(stage.runs.hang, 3);
    assert.deepEqual(stage.events, ['refused_full shaky.hang', 'refused_full shaky.hang']);
  });

  test('a place is handed to who waits longest', async () => {
    const bulkhead = createBulkhead(1, 2);
    const order: string[] = [];
    await bulkhead.enter();
    const first = bulkhead.enter()?.then(() => order.push('first'));
    const second = bulkhead.enter()?.then(() => order.push('second'));
    assert.equal(bulkhead.enter(), undefined);
    bulkhead.leave();
    await first;
    bulkhead.leave();
    await second;
    assert.deepEqual(order, ['first', 'second']);
  });
});

describe('the table of call policies', () => {
  test('never sends a write twice', () => {
    const writes = ROUTES.filter(({ method }) => method !== 'GET').map(({ action }) => action);
    const reads = new Set(ROUTES.filter(({ method }) => method === 'GET').map((r) => r.action));
    const twice = writes.filter((action) => !reads.has(action) && policyOf(action).retries > 0);
    assert.deepEqual(twice, []);
    for (const unknown of ['users.enrol', 'orders.tidy', 'toString']) {
      assert.equal(policyOf(unknown).retries, 0, unknown);
    }
  });

  test('bounds every call, and none longer than the broker waits', () => {
    for (const action of [...ROUTES.map((route) => route.action), ...Object.keys(CALL_POLICIES)]) {
      const { timeoutMs, concurrencyMax, waitingMax } = policyOf(action);
      assert.ok(timeoutMs > 0 && timeoutMs <= 30_000, action);
      assert.ok(concurrencyMax > 0 && waitingMax >= 0, action);
    }
  });
});
