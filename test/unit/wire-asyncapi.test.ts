import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { CLOSE_CODES } from '../../contracts/wire/close-codes.ts';
import { readClientMessage } from '../../contracts/wire/read-message.ts';
import { messageChecker } from '../support/asyncapi.ts';

function text(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
}

interface Vectors {
  readonly read: readonly { readonly t: string }[];
  readonly refused: readonly { readonly text: string; readonly fields?: readonly string[] }[];
}

describe('the AsyncAPI document', () => {
  const check = messageChecker();
  const vectors = JSON.parse(text('test/golden/wire/client-messages.json')) as Vectors;

  it('agrees with the reader on every golden message', () => {
    for (const message of vectors.read) assert.deepEqual(check(message), [], message.t);
    for (const { text: refused, fields } of vectors.refused) {
      if (!fields) continue;
      const value = JSON.parse(refused.replaceAll('1e999', '"∞"')) as object;
      assert.notDeepEqual(check(value), [], refused);
      assert.equal(readClientMessage(refused).ok, false);
    }
  });
});

describe('the page about the protocol', () => {
  const page = text('docs/protocol.md');

  it('lists every close code with its number', () => {
    for (const [name, code] of Object.entries(CLOSE_CODES)) {
      assert.match(page, new RegExp(`\\| ${code} \\| \`${name}\` \\|`));
    }
  });

  it('lists every message', () => {
    const { components } = JSON.parse(text('docs/asyncapi.json')) as {
      components: { messages: Record<string, unknown> };
    };
    for (const name of Object.keys(components.messages)) {
      assert.ok(page.includes(`| ${name.toUpperCase()} |`), `${name} is missing`);
    }
  });
});
