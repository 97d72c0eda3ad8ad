import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { schema } from '../../config/schema.ts';
import { projectRoot } from '../../launch/paths.ts';
import { processTable } from '../../launch/processes.ts';

// No container engine is needed here, and no YAML parser: the file is read as the lines it has.
const compose = readFileSync(join(projectRoot, 'docker-compose.yml'), 'utf8');
const dockerfile = readFileSync(join(projectRoot, 'Dockerfile'), 'utf8');

/** Blocks of `services:`, by name. */
function composeServices(): Map<string, string> {
  const [, body = ''] = compose.split(/^services:\n/m);
  const [services = ''] = body.split(/^volumes:\n/m);
  const blocks = services.split(/^ {2}(?=[a-z])/m).filter((block) => block.trim() !== '');
  return new Map(blocks.map((block) => [block.slice(0, block.indexOf(':')), block]));
}

describe('the compose file', () => {
  it('runs every service that one machine runs, and no other', () => {
    const listed = [...compose.matchAll(/WAGGLE_SERVICES: ([a-z,]+)/g)].flatMap(([, names = '']) =>
      names.split(','),
    );
    const wanted = new Set(processTable.flatMap(({ services }) => services));
    assert.deepEqual([...listed].sort(), [...wanted].sort());
  });

  it('pins its stores, with an append-only file and health checks', () => {
    const services = composeServices();
    assert.match(services.get('redis') ?? '', /image: redis:7\.4\n[\s\S]*--appendonly\n\s*- "yes"/);
    assert.match(services.get('redis') ?? '', /noeviction/);
    assert.match(services.get('postgres') ?? '', /image: postgres:18\n/);
    for (const name of ['redis', 'postgres']) {
      assert.match(services.get(name) ?? '', /healthcheck:\n/, name);
    }
  });

  it('lets dispatch be scaled: no fixed container name, host port or node name', () => {
    const dispatch = composeServices().get('dispatch') ?? '';
    assert.doesNotMatch(dispatch, /container_name|ports:|WAGGLE_NODE_NAME/);
    assert.match(dockerfile, /--node .*hostname/);
  });

  it('sets only variables that exist', () => {
    const names = [...`${compose}\n${dockerfile}`.matchAll(/\b(WAGGLE_[A-Z0-9_]+)\b/g)];
    const unknown = names.map(([name]) => name).filter((name) => !(name in schema));
    assert.deepEqual(new Set(unknown), new Set(['WAGGLE_SERVICES']));
  });

  it('starts processes with the command of the launcher', () => {
    assert.match(dockerfile, /node services\/main\.ts --node .* --services /);
  });
});
