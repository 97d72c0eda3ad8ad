-- Takes elements out of the day's budget of a routes source that bills them.
-- KEYS 1: counter of the day
-- ARGV 1: elements; 2: most elements of the day; 3: life of the counter in seconds
-- Returns 1: taken; 0: not taken, the budget would not last.
local used = tonumber(redis.call('GET', KEYS[1]) or '0')
if used + tonumber(ARGV[1]) > tonumber(ARGV[2]) then
  return 0
end
redis.call('INCRBY', KEYS[1], ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
