-- Appends commands to a mailbox, each only if there is room for its class.
-- KEYS[1] mailbox (stream)  KEYS[2] head of the log (hash)
-- ARGV[1] entries a mailbox takes  ARGV[2] reserve on top of it  ARGV[3] bytes a log takes
-- ARGV[4..] per entry three: class ('w' waits in its outbox, 'r' may use the reserve), zone, envelope
-- Returns one number per entry: 1 appended, 0 full (nothing written for it)
local length = redis.call('XLEN', KEYS[1])
local max = tonumber(ARGV[1])
local reserve = tonumber(ARGV[2])
local log_full = tonumber(redis.call('HGET', KEYS[2], 'bytes') or '0') >= tonumber(ARGV[3])
local answers = {}
for i = 4, #ARGV, 3 do
  local waits = ARGV[i] == 'w'
  local bound = max
  if not waits then bound = max + reserve end
  if length >= bound or (waits and log_full) then
    answers[#answers + 1] = 0
  else
    redis.call('XADD', KEYS[1], '*', 'z', ARGV[i + 1], 'e', ARGV[i + 2])
    length = length + 1
    answers[#answers + 1] = 1
  end
end
return answers
