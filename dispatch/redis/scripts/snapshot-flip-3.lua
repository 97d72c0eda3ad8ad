-- Makes a written generation the current one, the current one the older, and drops the oldest.
-- KEYS[1] lease (hash)  KEYS[2] snapshot pointer (hash)  KEYS[3] chunks of the new generation (hash)
-- ARGV[1] nonce  ARGV[2] epoch  ARGV[3] generation (JSON)  ARGV[4] its position
-- Returns 1 flipped, 0 not the owner, 2 the chunks are gone. The chunks of the dropped generation
-- lie under KEYS[2] .. ':' .. position: the same hash tag, hence the same node of a cluster.
local lease = redis.call('HMGET', KEYS[1], 'nonce', 'epoch')
if lease[1] ~= ARGV[1] or lease[2] ~= ARGV[2] then return 0 end
if redis.call('PERSIST', KEYS[3]) == 0 and redis.call('EXISTS', KEYS[3]) == 0 then return 2 end
local old = redis.call('HMGET', KEYS[2], 'current', 'current_at', 'older_at')
if old[3] and old[3] ~= ARGV[4] then redis.call('UNLINK', KEYS[2] .. ':' .. old[3]) end
if old[1] and old[2] ~= ARGV[4] then
  redis.call('HSET', KEYS[2], 'older', old[1], 'older_at', old[2])
end
redis.call('HSET', KEYS[2], 'current', ARGV[3], 'current_at', ARGV[4])
return 1
