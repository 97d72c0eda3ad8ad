-- Writes one log record if the caller still owns the shard and nothing was written in between, and
-- trims the mailbox behind the record's cursor in the same step.
-- KEYS[1] lease (hash)  KEYS[2] head (hash)  KEYS[3] log (stream)  KEYS[4] mailbox (stream)
-- ARGV[1] nonce  ARGV[2] epoch  ARGV[3] seq of the record  ARGV[4] record (JSON)
-- ARGV[5] bytes a log takes at most  ARGV[6] first mailbox id to keep
-- Returns {outcome, bytes in the log, commands in the mailbox};
-- outcome: 0 committed, 1 lost_lease, 2 wrong_seq, 3 log_full. Nothing is written unless 0.
local lease = redis.call('HMGET', KEYS[1], 'nonce', 'epoch')
local head = redis.call('HMGET', KEYS[2], 'seq', 'bytes', 'total')
local bytes = tonumber(head[2] or '0')
if lease[1] ~= ARGV[1] or lease[2] ~= ARGV[2] then
  return {1, bytes, redis.call('XLEN', KEYS[4])}
end
if tonumber(head[1] or '0') ~= tonumber(ARGV[3]) - 1 then
  return {2, bytes, redis.call('XLEN', KEYS[4])}
end
if bytes + #ARGV[4] > tonumber(ARGV[5]) then
  return {3, bytes, redis.call('XLEN', KEYS[4])}
end
bytes = bytes + #ARGV[4]
-- Every record carries the bytes ever written up to and with it, so that trimming reads one record.
local total = tonumber(head[3] or '0') + #ARGV[4]
redis.call('XADD', KEYS[3], ARGV[2] .. '-' .. ARGV[3], 'r', ARGV[4], 't', total)
redis.call('HSET', KEYS[2], 'epoch', ARGV[2], 'seq', ARGV[3], 'bytes', bytes, 'total', total)
redis.call('XTRIM', KEYS[4], 'MINID', ARGV[6])
return {0, bytes, redis.call('XLEN', KEYS[4])}
