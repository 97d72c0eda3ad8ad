-- Counts an attempt at a mailbox entry, for the owner only.
-- KEYS[1] lease (hash)  KEYS[2] poison (hash)
-- ARGV[1] nonce  ARGV[2] epoch  ARGV[3] entry id
-- Returns the count so far; 0 when the caller is not the owner
local lease = redis.call('HMGET', KEYS[1], 'nonce', 'epoch')
if lease[1] ~= ARGV[1] or lease[2] ~= ARGV[2] then return 0 end
return redis.call('HINCRBY', KEYS[2], ARGV[3], 1)
