/** One POST: bounded in time and size, to public addresses only, and it never follows anybody. */
import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { createPoster, type Poster } from '../../services/webhooks/posting.ts';
import { failOnLeaks } from '../support/leaks.ts';

failOnLeaks();

async function serve(t: TestContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

function poster(t: TestContext, options: { insecure: boolean; timeoutMs?: number }): Poster {
  const made = createPoster(options);
  t.after(() => made.close());
  return made;
}

describe('a post', () => {
  it('calls no private address and nothing without TLS, whatever the name leads to', async (t) => {
    let calls = 0;
    const url = await serve(t, (_request, response) => {
      calls++;
      response.end();
    });
    const { port } = new URL(url);
    const { post } = poster(t, { insecure: false });
    const targets = [
      url,
      ...[`https://localhost:${port}/`, `https://127.0.0.1:${port}/`, `https://[::1]:${port}/`],
      ...[`https://127.1:${port}/`, `https://[::ffff:127.0.0.1]:${port}/`],
    ];
    for (const target of targets) {
      const posted = await post(target, {}, '{}');
      assert.deepEqual([posted.outcome, posted.status], ['blocked', null], target);
    }
    assert.equal(calls, 0);
  });

  it('follows no redirect, and says what came back', async (t) => {
    let calls = 0;
    const url = await serve(t, (_request, response) => {
      calls++;
      response.writeHead(307, { location: '/' }).end('over there');
    });
    const posted = await poster(t, { insecure: true }).post(url, {}, '{}');
    assert.deepEqual([posted.outcome, posted.status, posted.body], ['refused', 307, 'over there']);
    assert.equal(calls, 1);
  });

  it('waits for no answer that does not come, and reads none to an end that has none', async (t) => {
    const silent = await serve(t, () => {});
    const slow = await poster(t, { insecure: true, timeoutMs: 100 }).post(silent, {}, '{}');
    assert.deepEqual([slow.outcome, slow.error], ['timeout', 'no answer in time']);
    const endless = await serve(t, (_request, response) => {
      const more = (): void => {
        if (!response.destroyed) response.write('x'.repeat(10_000), () => setImmediate(more));
      };
      more();
    });
    const long = await poster(t, { insecure: true, timeoutMs: 5_000 }).post(endless, {}, '{}');
    assert.deepEqual([long.outcome, long.body?.length], ['delivered', 500]);
    const drip = await serve(t, (_request, response) => {
      response.write('a');
    });
    const dripped = await poster(t, { insecure: true, timeoutMs: 100 }).post(drip, {}, '{}');
    assert.equal(dripped.outcome, 'timeout');
  });

  it('says why nobody could be reached, and ends with its process', async (t) => {
    const { post } = poster(t, { insecure: true });
    const refused = await post('http://127.0.0.1:1/', {}, '{}');
    assert.equal(refused.outcome, 'failed');
    assert.match(String(refused.error), /ECONNREFUSED/);
    const silent = await serve(t, () => {});
    const ending = poster(t, { insecure: true });
    const under = ending.post(silent, {}, '{}');
    ending.close();
    assert.equal((await under).outcome, 'failed');
  });
});
