/**
 * One node of search with those who ask it: a child process that starts the service, is asked within
 * itself as it is told, and says how that went.
 */
import { asFastAsPossible, atRate } from './load.ts';
import { cityShops } from './search-city.ts';
import type { NodeOrder, NodeReply } from './search-nodes.ts';
import { type OwnSearch, startOwnSearch } from './search-processes.ts';
import { type Asked, questionsOf } from './search-questions.ts';

const WARM = 5_000;

let search: OwnSearch | undefined;
let next: () => Asked = () => ({});

async function obey(order: NodeOrder): Promise<Omit<NodeReply, 'error'>> {
  if (order.do === 'start') {
    search = await startOwnSearch(order, order.name);
    next = questionsOf([...cityShops(order.vendors)], order.seed);
    await asked(WARM);
    return { perSecond: 0, refused: 0, cpuMicros: 0, latencies: [], lags: [] };
  }
  const before = process.cpuUsage();
  const ask = (): Promise<unknown> => find(next());
  const { seconds, perSecond } = order;
  const measured =
    perSecond === null
      ? await asFastAsPossible(ask, { atOnce: 1, seconds })
      : await atRate(ask, { perSecond, seconds });
  const { user, system } = process.cpuUsage(before);
  return {
    perSecond: measured.perSecond,
    refused: measured.refused,
    cpuMicros: user + system,
    latencies: measured.latencies.list(),
    lags: measured.lags.list(),
  };
}

async function asked(times: number): Promise<void> {
  for (let n = 0; n < times; n++) await find(next());
}

function find(question: Asked): Promise<unknown> {
  if (search === undefined) throw new Error('not started yet');
  return search.find(question);
}

process.on('message', (order: NodeOrder) => {
  obey(order).then(
    (reply) => process.send?.({ ...reply, error: null } satisfies NodeReply),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
