-- Removes records that neither the older snapshot nor a registered consumer needs.
-- KEYS[1] lease (hash)  KEYS[2] head (hash)  KEYS[3] log (stream)  KEYS[4] consumers (hash)
-- ARGV[1] nonce  ARGV[2] epoch  ARGV[3] epoch of the older snapshot  ARGV[4] its seq
-- ARGV[5] records to remove at most
-- Returns how many were removed; 0 also when the caller is not the owner
local lease = redis.call('HMGET', KEYS[1], 'nonce', 'epoch')
if lease[1] ~= ARGV[1] or lease[2] ~= ARGV[2] then return 0 end
local epoch = tonumber(ARGV[3])
local seq = tonumber(ARGV[4])
for _, position in ipairs(redis.call('HVALS', KEYS[4])) do
  local dash = string.find(position, '-', 1, true)
  local e = tonumber(string.sub(position, 1, dash - 1))
  local s = tonumber(string.sub(position, dash + 1))
  if e < epoch or (e == epoch and s < seq) then
    epoch = e
    seq = s
  end
end
local first = redis.call('XRANGE', KEYS[3], '-', '+', 'COUNT', 1)[1]
if not first then return 0 end
local dash = string.find(first[1], '-', 1, true)
local first_epoch = tonumber(string.sub(first[1], 1, dash - 1))
local first_seq = tonumber(string.sub(first[1], dash + 1))
-- One epoch at a time: within it the sequence says how many records lie before an id.
local upto = first_seq + tonumber(ARGV[5]) - 1
if first_epoch > epoch or (first_epoch == epoch and first_seq > seq) then return 0 end
if first_epoch == epoch and seq < upto then upto = seq end
local removed =
  redis.call('XTRIM', KEYS[3], 'MINID', string.format('%.0f-%.0f', first_epoch, upto + 1))
local total = tonumber(redis.call('HGET', KEYS[2], 'total') or '0')
local kept = redis.call('XRANGE', KEYS[3], '-', '+', 'COUNT', 1)[1]
local bytes = 0
if kept then bytes = total - tonumber(kept[2][4]) + #kept[2][2] end
redis.call('HSET', KEYS[2], 'bytes', bytes)
return removed
