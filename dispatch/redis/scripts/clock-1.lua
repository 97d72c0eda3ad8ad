-- Reads the clock of the installation; sets it when nobody has, and anchors it anew (zone time goes
-- on without a jump) when another speed is asked for.
-- KEYS[1] clock (hash)
-- ARGV[1] speed asked for in thousandths, '' to take what is there (1000 when nothing is)
-- Returns {Redis time in ms, host anchor in ms, zone anchor in ms, speed in thousandths}
local now = redis.call('TIME')
local now_ms = now[1] * 1000 + math.floor(now[2] / 1000)
local old = redis.call('HMGET', KEYS[1], 'host', 'zone', 'speed')
local speed = tonumber(old[3] or '1000')
if not old[1] or (ARGV[1] ~= '' and tonumber(ARGV[1]) ~= speed) then
  local zone = now_ms
  if old[1] then
    zone = math.floor(tonumber(old[2]) + (now_ms - tonumber(old[1])) * speed / 1000)
  end
  if ARGV[1] ~= '' then speed = tonumber(ARGV[1]) end
  redis.call('HSET', KEYS[1], 'host', string.format('%.0f', now_ms),
    'zone', string.format('%.0f', zone), 'speed', string.format('%.0f', speed))
  return {now_ms, now_ms, zone, speed}
end
return {now_ms, tonumber(old[1]), tonumber(old[2]), speed}
