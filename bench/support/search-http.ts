/** Owns asking through HTTP: kept connections, from many addresses, because each address has a limit. */
import { Agent, request } from 'node:http';
import type { Asked } from './search-questions.ts';

/** Callers without credentials may ask 200 times a second each. */
const ADDRESSES = 100;

export interface HttpClient {
  /** Resolves when the whole answer is there; throws when it is a refusal. */
  ask(asked: Asked): Promise<void>;
  close(): void;
}

export function searchByHttp(port: number, connections: number): HttpClient {
  const agents = Array.from(
    { length: ADDRESSES },
    (_, n) =>
      new Agent({
        keepAlive: true,
        maxSockets: Math.max(1, Math.ceil((connections * 2) / ADDRESSES)),
        localAddress: `127.0.1.${n + 1}`,
      }),
  );
  let turn = 0;
  return {
    ask(asked) {
      const agent = agents[turn++ % ADDRESSES] as Agent;
      const query = new URLSearchParams(
        Object.entries(asked).map(([name, value]): [string, string] => [name, String(value)]),
      );
      const path = `/api/v1/search?${query}`;
      return new Promise((resolve, reject) => {
        const sent = request({ host: '127.0.0.1', port, path, agent }, (response) => {
          if (response.statusCode !== 200) reject(new Error(`${response.statusCode} ${path}`));
          response.on('end', resolve).resume();
        });
        sent.on('error', reject).end();
      });
    },
    close() {
      for (const agent of agents) agent.destroy();
    },
  };
}
