-- Forgets what was told, or has it told again. KEYS[1]: who is due when.
-- ARGV: what the shard's keys begin with, its number, when it is due again or "".
local base, number, due = ARGV[1], ARGV[2], ARGV[3]
local item = base .. 'outgoing:' .. number
local queue = redis.call('HGET', item, 'queue')
if not queue then return 0 end
local list = base .. 'queue:' .. queue
local first = redis.call('LINDEX', list, 0) == number
if due ~= '' then
  redis.call('HINCRBY', item, 'tries', 1)
  if first then redis.call('ZADD', KEYS[1], due, queue) end
  return 1
end
redis.call('DEL', item)
redis.call('LREM', list, 1, number)
if first then
  local next = redis.call('LINDEX', list, 0)
  if next then
    redis.call('ZADD', KEYS[1], redis.call('HGET', base .. 'outgoing:' .. next, 'since'), queue)
  else
    redis.call('ZREM', KEYS[1], queue)
  end
end
return 1
