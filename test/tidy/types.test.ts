import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { runCommand } from '../../launch/command.ts';
import { projectRoot } from '../../launch/paths.ts';

function tool(name: string): string {
  return join(projectRoot, 'node_modules', '.bin', name);
}

describe('tools', () => {
  it('the compiler finds nothing wrong with the types', async () => {
    const result = await runCommand(tool('tsc'), ['-p', 'tsconfig.json'], { cwd: projectRoot });
    assert.equal(result.code, 0, result.output);
  });

  it('the linter and formatter find nothing to change', async () => {
    const args = ['check', '--error-on-warnings', '--max-diagnostics=100', '.'];
    const result = await runCommand(tool('biome'), args, { cwd: projectRoot });
    assert.equal(result.code, 0, result.output);
  });
});
