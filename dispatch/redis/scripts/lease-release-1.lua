-- Gives a lease back, if it is the caller's. Its epoch stays, so that the next one is greater.
-- KEYS[1] lease (hash)
-- ARGV[1] nonce  ARGV[2] epoch
-- Returns 1 released, 0 it belongs to somebody else
local lease = redis.call('HMGET', KEYS[1], 'nonce', 'epoch')
if lease[1] ~= ARGV[1] or lease[2] ~= ARGV[2] then return 0 end
local now = redis.call('TIME')
redis.call('HSET', KEYS[1], 'nonce', '', 'expires', '0', 'released', '1',
  'renewed', string.format('%.0f', now[1] * 1000 + math.floor(now[2] / 1000)))
return 1
