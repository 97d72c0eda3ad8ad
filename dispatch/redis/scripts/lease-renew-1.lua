-- Makes a lease last longer, if it is still the caller's. A lease that ran out but that nobody took
-- is still the caller's.
-- KEYS[1] lease (hash)
-- ARGV[1] nonce  ARGV[2] epoch  ARGV[3] length in ms
-- Returns 1 renewed, 0 it belongs to somebody else
local lease = redis.call('HMGET', KEYS[1], 'nonce', 'epoch')
if lease[1] ~= ARGV[1] or lease[2] ~= ARGV[2] then return 0 end
local now = redis.call('TIME')
local now_ms = now[1] * 1000 + math.floor(now[2] / 1000)
redis.call('HSET', KEYS[1], 'renewed', string.format('%.0f', now_ms),
  'expires', string.format('%.0f', now_ms + tonumber(ARGV[3])))
return 1
