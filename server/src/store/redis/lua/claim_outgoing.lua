-- Takes what is due to be told in a shard, the first of each session and receiver only. KEYS[1]: who is due when.
-- ARGV: what the shard's keys begin with, now, until when it is taken, how many at most, the receivers to leave out.
-- Answers with number, receiver, session, since when, body and tries of each.
local base, limit, found, except, passed = ARGV[1], tonumber(ARGV[4]), {}, {}, 0
for n = 5, #ARGV do except[ARGV[n]] = true end
while #found < limit do
  -- Who is taken is due no longer, so that only those who are left out are passed over.
  local due = redis.call('ZRANGE', KEYS[1], '-inf', ARGV[2], 'BYSCORE', 'LIMIT', passed, 100)
  if #due == 0 then break end
  for _, queue in ipairs(due) do
    if #found == limit then break end
    local number = redis.call('LINDEX', base .. 'queue:' .. queue, 0)
    if except[queue:match('^[^:]*')] then
      passed = passed + 1
    elseif number then
      redis.call('ZADD', KEYS[1], ARGV[3], queue)
      local item = redis.call('HMGET', base .. 'outgoing:' .. number, 'hook', 'chat', 'since', 'body', 'tries')
      found[#found + 1] = { number, unpack(item) }
    else
      redis.call('ZREM', KEYS[1], queue)
    end
  end
end
return found
