import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChainCosts, type Run, type Task } from '../../dispatch/core/matching/chains.ts';
import { type Problem, problemOf } from '../../dispatch/core/matching/problem.ts';
import { think } from '../../dispatch/core/matching/round.ts';
import { ChainSearch } from '../../dispatch/core/matching/search.ts';
import { RandomStream } from '../../dispatch/core/random.ts';
import { stackMax } from '../../dispatch/core/zone.ts';
import { place, request, zoneConfig } from '../support/core-fixtures.ts';
import { CoreWorld } from '../support/core-world.ts';

/** A made-up zone with open deliveries and idle drivers, who carry one thing at a time. */
function crowded(seed: number, deliveries: number, drivers: number): CoreWorld {
  const random = new RandomStream('search test', seed);
  const anywhere = () => place(random.below(1000) / 1000, random.below(1000) / 1000);
  const world = new CoreWorld(zoneConfig(1, { stackMax: 1, radiusMeters: 50_000 }));
  for (let n = 1; n <= drivers; n++) world.position(world.join(n, anywhere()), anywhere());
  for (let n = 1; n <= deliveries; n++) {
    const readyMs = world.nowMs + 60_000 * random.below(25);
    const asked = request(n, { pickup: anywhere(), dropoff: anywhere(), readyMs });
    world.command({ type: 'delivery.request', number: 1, request: asked });
  }
  return world;
}

/** The least cost of all ways to share out the tasks as chains of single runs. */
function leastCost(problem: Problem, model: ChainCosts): number {
  const chains: Run[][] = problem.carriers.map(() => []);
  let least = Number.POSITIVE_INFINITY;
  const seat = (left: readonly Task[]): void => {
    const [task, ...rest] = left;
    if (!task) {
      const costs = problem.carriers.map((carrier, n) => model.cost(carrier, chains[n] ?? []));
      least = Math.min(
        least,
        costs.reduce((sum, cost) => sum + cost, 0),
      );
      return;
    }
    for (const chain of chains) {
      for (let at = 0; at <= chain.length; at++) {
        chain.splice(at, 0, [task]);
        seat(rest);
        chain.splice(at, 1);
      }
    }
  };
  seat(problem.tasks);
  return least;
}

function problemIn(world: CoreWorld): { problem: Problem; model: ChainCosts } {
  const problem = problemOf(world.zone, world.shortlist(), world.nowMs);
  return { problem, model: new ChainCosts(world.zone, stackMax(world.zone)) };
}

describe('the search over chains', () => {
  it('finds the cheapest of all ways where all can be tried', () => {
    for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const world = crowded(seed, 5, 2);
      const { problem, model } = problemIn(world);
      assert.equal(problem.tasks.length, 5);
      const least = leastCost(problem, model);
      const found = think(world.zone, problem, model, false).planCost;
      assert.ok(found >= least, `${found} is less than anything can be`);
      assert.ok(found <= 1.01 * least, `seed ${seed}: ${found} against ${least}`);
    }
  });

  it('never makes a plan worse, and keeps its sums right', () => {
    for (const seed of [21, 22, 23]) {
      const { problem, model } = problemIn(crowded(seed, 25, 6));
      const search = new ChainSearch(problem, [], model, new RandomStream('steps', seed));
      search.fill();
      let before = search.planCost;
      for (let n = 0; n < 10; n++) {
        search.improve(20);
        const seated = new Set(search.chains.flat(2));
        assert.equal(seated.size, search.chains.flat(2).length, 'a task rides twice');
        const costs = problem.carriers.map((each, c) => model.cost(each, search.chains[c] ?? []));
        const left = problem.tasks.flatMap((task) => (seated.has(task) ? [] : [task.stayOut]));
        assert.equal(
          search.planCost,
          [...costs, ...left].reduce((sum, cost) => sum + cost, 0),
        );
        assert.ok(search.planCost <= before, `${search.planCost} after ${before}`);
        before = search.planCost;
      }
    }
  });

  it('gives the same chains for the same seed', () => {
    const chains = () => {
      const { problem, model } = problemIn(crowded(31, 20, 5));
      const search = new ChainSearch(problem, [], model, new RandomStream('same', 1));
      search.fill();
      search.improve(200);
      return search.chains.map((chain) => chain.map((run) => run.map(({ index }) => index)));
    };
    assert.deepEqual(chains(), chains());
  });
});
