-- Takes what is due to be told in a shard, the first of each session and receiver only. KEYS[1]: who is due when.
-- ARGV: what the shard's keys begin with, now, until when it is taken, how many at most.
-- Answers with number, receiver, session, since when, body and tries of each.
local base, found = ARGV[1], {}
local due = redis.call('ZRANGE', KEYS[1], '-inf', ARGV[2], 'BYSCORE', 'LIMIT', 0, ARGV[4])
for _, queue in ipairs(due) do
  local number = redis.call('LINDEX', base .. 'queue:' .. queue, 0)
  if number then
    redis.call('ZADD', KEYS[1], ARGV[3], queue)
    local item = redis.call('HMGET', base .. 'outgoing:' .. number, 'hook', 'chat', 'since', 'body', 'tries')
    found[#found + 1] = { number, unpack(item) }
  else
    redis.call('ZREM', KEYS[1], queue)
  end
end
return found
