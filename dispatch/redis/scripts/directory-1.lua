-- Removes a driver from the directory, if it still stands in the zone that lets it go.
-- KEYS[1] drivers (hash)
-- ARGV[1] driver  ARGV[2] zone that lets go
-- Returns 1 removed, 0 it stands elsewhere or nowhere
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])
