/**
 * Which core this is, by the text of its sources. A state hash, and an audit, mean something only for
 * the same core: a later one may add a field to a record or a default to a zone, and rightly comes
 * to another hash. Computed once per process.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const CORE = join(import.meta.dirname, '..', 'core');
/** Defaults of weights and limits decide too. */
const ZONE_DEFAULTS = join(import.meta.dirname, '..', '..', 'contracts', 'zone.ts');
const DIGITS = 16;

let known: string | null = null;

/** Hexadecimal digest of the core's sources. */
export function engineVersion(): string {
  if (known !== null) return known;
  const digest = createHash('sha256');
  const names = readdirSync(CORE, { recursive: true, encoding: 'utf8' });
  const files = names.filter((name) => name.endsWith('.ts'));
  for (const name of files.sort()) digest.update(name).update(readFileSync(join(CORE, name)));
  digest.update(readFileSync(ZONE_DEFAULTS));
  known = digest.digest('hex').slice(0, DIGITS);
  return known;
}
