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
local last = string.format('%.0f-%.0f', epoch, seq)
local records = redis.call('XRANGE', KEYS[3], '-', last, 'COUNT', ARGV[5])
if #records == 0 then return 0 end
local bytes = 0
local ids = {}
for i, record in ipairs(records) do
  bytes = bytes + #record[2][2]
  ids[i] = record[1]
end
redis.call('XDEL', KEYS[3], unpack(ids))
redis.call('HINCRBY', KEYS[2], 'bytes', -bytes)
return #records
