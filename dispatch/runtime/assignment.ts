/** Which node should host which shard: rendezvous hashing, so that a change moves few shards. Pure. */
import { hash32 } from '../../contracts/ids.ts';

/** Spreads FNV's output over all bits; names that differ in one digit must not rank alike. */
function mix(hash: number): number {
  let value = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}

/** The node with the highest rank for this shard; ties by name. Undefined without nodes. */
export function hostOf(shard: number, nodes: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestRank = -1;
  for (const node of nodes) {
    const rank = mix(hash32(`${node}/${shard}`));
    if (rank > bestRank || (rank === bestRank && best !== undefined && node < best)) {
      best = node;
      bestRank = rank;
    }
  }
  return best;
}
