/** Leases and poison counts on Redis, each one script. */
import type { Redis } from 'ioredis';
import type { AcquireOutcome, LeasePort, PoisonPort } from '../runtime/ports.ts';
import type { Keys } from './keys.ts';
import { ACQUIRE_CODES, DONE_CODES } from './result-codes.ts';
import type { Scripts } from './scripts.ts';

interface LeaseDeps {
  readonly once: Redis;
  readonly keys: Keys;
  readonly scripts: Scripts;
}

export function redisLease(deps: LeaseDeps): LeasePort {
  const { once, keys, scripts } = deps;
  return {
    async acquire(shard, owner, nonce, ttlMs): Promise<AcquireOutcome> {
      const lock = [keys.lease(shard), keys.head(shard)];
      const answer = await scripts.run(once, 'lease-acquire-2', lock, [owner, nonce, ttlMs]);
      if (!Array.isArray(answer)) throw new TypeError('lease answer: expected a list');
      if (Number(answer[0]) === ACQUIRE_CODES.held) {
        return { kind: 'held', owner: String(answer[1]), expiresInMs: Number(answer[2]) };
      }
      const [, epoch, lastEpoch, lastSeq, previousOwner, renewedMs, released] = answer;
      const previous =
        previousOwner === ''
          ? null
          : {
              owner: String(previousOwner),
              renewedMs: Number(renewedMs),
              released: Number(released) === 1,
            };
      const fence = { shard, nonce, epoch: Number(epoch) };
      const last = { epoch: Number(lastEpoch), seq: Number(lastSeq) };
      return { kind: 'acquired', grant: { fence, last, previous } };
    },
    async renew({ shard, nonce, epoch }, ttlMs) {
      const args = [nonce, epoch, ttlMs];
      const code = await scripts.run(once, 'lease-renew-1', [keys.lease(shard)], args);
      return code === DONE_CODES.done;
    },
    async release({ shard, nonce, epoch }) {
      const lock = [keys.lease(shard)];
      const code = await scripts.run(once, 'lease-release-1', lock, [nonce, epoch]);
      // Tells those who wait for it; if this is lost they find out at their next look.
      if (code === DONE_CODES.done) await once.publish(keys.released, String(shard));
      return code === DONE_CODES.done;
    },
  };
}

export function redisPoison(deps: LeaseDeps): PoisonPort {
  const { once, keys, scripts } = deps;
  return {
    async count({ shard, nonce, epoch }, entry) {
      const lock = [keys.lease(shard), keys.poison(shard)];
      return Number(await scripts.run(once, 'poison-count-2', lock, [nonce, epoch, entry]));
    },
    async clear({ shard }) {
      await once.del(keys.poison(shard));
    },
  };
}
