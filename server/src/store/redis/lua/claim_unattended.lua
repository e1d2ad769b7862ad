-- Takes chats of a shard that nobody looks after. KEYS[1]: until when who is looked after.
-- ARGV: what the shard's keys begin with, now, until when they are taken, how many at most. Answers with their ids.
local base, found = ARGV[1], {}
local lapsed = redis.call('ZRANGE', KEYS[1], '-inf', '(' .. ARGV[2], 'BYSCORE', 'LIMIT', 0, ARGV[4])
for _, id in ipairs(lapsed) do
  if redis.call('EXISTS', base .. 'chat:' .. id) == 1 then
    redis.call('ZADD', KEYS[1], ARGV[3], id)
    found[#found + 1] = id
  else
    -- It has gone by itself.
    for _, name in ipairs({ 'attended', 'active', 'seen' }) do redis.call('ZREM', base .. name, id) end
    redis.call('SREM', base .. 'desk', id)
  end
end
return found
