-- Takes a lease that has expired or was never taken. The epoch only grows.
-- KEYS[1] lease (hash)  KEYS[2] head of the log (hash)
-- ARGV[1] owner  ARGV[2] nonce  ARGV[3] length in ms
-- Returns {0, owner, ms until it expires} when somebody holds it, else
-- {1, epoch, last epoch, last seq, previous owner ('' for none), its last renewal in ms, released}
local now = redis.call('TIME')
local now_ms = now[1] * 1000 + math.floor(now[2] / 1000)
local old = redis.call('HMGET', KEYS[1], 'owner', 'epoch', 'expires', 'renewed', 'released')
local expires = tonumber(old[3] or '0')
if expires > now_ms then
  return {0, old[1], expires - now_ms}
end
local epoch = math.max(tonumber(old[2] or '0') + 1, now_ms)
local text = string.format('%.0f', epoch)
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'nonce', ARGV[2], 'epoch', text,
  'expires', string.format('%.0f', now_ms + tonumber(ARGV[3])),
  'renewed', string.format('%.0f', now_ms), 'released', '0')
local head = redis.call('HMGET', KEYS[2], 'epoch', 'seq')
return {1, epoch, tonumber(head[1] or '0'), tonumber(head[2] or '0'),
  old[1] or '', tonumber(old[4] or '0'), tonumber(old[5] or '0')}
