/** Signed links and the folder behind them: what they let through, and what they do not. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { createFileLinks, type FileLink } from '../../platform/files/file-links.ts';
import { newFileName, openFolderStore } from '../../platform/files/file-store.ts';
import { withFolder } from '../support/folder.ts';

const key = (kid: string) => ({ kid, secret: `${kid} of more than thirty-two characters, surely` });
const link: FileLink = { may: 'get', file: newFileName('proof'), contentType: 'image/png' };

function tokenOf(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1);
}

describe('a link to a file', () => {
  it('says what it was signed for until it expires, whichever key signs now', () => {
    const links = createFileLinks([key('old')], 'http://api');
    const { url, expiresMs } = links.sign(link, 60_000);
    assert.ok(url.startsWith('http://api/files/') && expiresMs > Date.now());
    const { may, file, contentType } = createFileLinks([key('new'), key('old')], '').verify(
      tokenOf(url),
    );
    assert.deepEqual({ may, file, contentType }, link);
    const past = tokenOf(links.sign(link, -1).url);
    assert.throws(() => links.verify(past), { code: 'auth.expired' });
    assert.throws(() => createFileLinks([key('new')], '').verify(tokenOf(url)), {
      code: 'auth.invalid',
    });
  });

  it('cannot be changed, forged or be something else', () => {
    const links = createFileLinks([key('a')], '');
    const [body = '', signature = ''] = tokenOf(links.sign(link, 60_000).url).split('.');
    const payload = JSON.parse(Buffer.from(body, 'base64url').toString()) as object;
    const changed = Buffer.from(JSON.stringify({ ...payload, may: 'put' })).toString('base64url');
    const wrong = [
      '',
      '.',
      'x.y',
      body,
      `${body}.`,
      `${changed}.${signature}`,
      `null.${signature}`,
    ];
    for (const token of [...wrong, 'e30.e30', 'x'.repeat(5_000)]) {
      assert.throws(() => links.verify(token), { code: 'auth.invalid' }, token);
    }
  });
});

describe('the folder', () => {
  const bounds = { bytesMax: 20, contentType: 'application/pdf' };
  async function* bytes(...parts: string[]) {
    for (const part of parts) yield Buffer.from(part);
  }

  it('keeps what fits under a name once, and lets it go', async (t) => {
    const store = openFolderStore(withFolder(t));
    const name = newFileName('paper');
    assert.equal(await store.get(name), undefined);
    await store.put(name, bytes('%PD', 'F-1.7'), bounds);
    await store.put(name, bytes('%PDF-another'), bounds);
    const stored = await store.get(name);
    assert.equal(stored?.bytes, 8);
    assert.equal(stored && (await text(stored.open())), '%PDF-1.7');
    await store.delete(name);
    await store.delete(name);
    assert.equal(await store.get(name), undefined);
  });

  it('keeps nothing of what is too large, of another type, or cut off', async (t) => {
    const folder = withFolder(t);
    const store = openFolderStore(folder);
    const put = (...parts: string[]): Promise<void> =>
      store.put(newFileName('paper'), bytes(...parts), bounds);
    await assert.rejects(put('%PDF-', 'x'.repeat(16)), { code: 'request.too_large' });
    await assert.rejects(put('<html>'), { code: 'request.invalid' });
    await assert.rejects(put(), { code: 'request.invalid' });
    async function* broken() {
      yield Buffer.from('%PDF-');
      throw new Error('the line is dead');
    }
    await assert.rejects(store.put(newFileName('paper'), broken(), bounds), /the line is dead/);
    const left = readdirSync(folder, { recursive: true, withFileTypes: true });
    assert.deepEqual(
      left.filter((entry) => entry.isFile()).map((entry) => entry.name),
      [],
    );
  });

  it('has no names but its own', async (t) => {
    const store = openFolderStore(withFolder(t));
    for (const name of [
      '',
      '../secret',
      'paper-1',
      `paper-${'g'.repeat(32)}`,
      `/${newFileName('a')}`,
    ]) {
      await assert.rejects(async () => store.get(name), { code: 'resource.not_found' });
    }
  });
});
