/** Owns a shop's server in a test: takes webhooks, checks them as a shop would, answers as it is told. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readWebhook } from '../../client/index.ts';
import type { DeliveryChangedWebhook, WebhookBody } from '../../contracts/webhooks.ts';
import { cleanUpInReverse, type Scope } from '../support/scope.ts';

export interface Received {
  readonly event: WebhookBody;
  readonly attempt: number;
  /** Whether the shop could believe it. */
  readonly isSigned: boolean;
}

export interface Receiver {
  readonly url: string;
  readonly received: Received[];
  /** Signatures are checked with it. */
  secret: string;
  /** Status for an event; 0: no answer at all. */
  answer: (event: WebhookBody) => number;
  /** Deliveries' events in the order they came and were taken. */
  taken(): DeliveryChangedWebhook[];
}

/** Starts a receiver that stops when the test ends. */
export async function startReceiver(scope: Scope): Promise<Receiver> {
  const server = createServer((request, response) => {
    void (async () => {
      const body = await textOf(request);
      const signature = request.headers['waggle-signature'] as string | undefined;
      const isSigned = await readWebhook({ body, signature, secret: receiver.secret }).then(
        () => true,
        () => false,
      );
      const event = JSON.parse(body) as WebhookBody;
      const attempt = Number(request.headers['waggle-attempt']);
      const status = receiver.answer(event);
      receiver.received.push({ event, attempt, isSigned });
      if (status === 0) return request.socket.destroy();
      if (status < 300) takenOnes.push(event);
      response.writeHead(status, status === 302 ? { location: receiver.url } : {});
      response.end(`answer ${status}`);
    })();
  });
  const takenOnes: WebhookBody[] = [];
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const receiver: Receiver = {
    url: `http://127.0.0.1:${port}/hook`,
    received: [],
    secret: '',
    answer: () => 200,
    taken: () => takenOnes.filter((event) => event.type === 'delivery.changed'),
  };
  cleanUpInReverse(scope, async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return receiver;
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
