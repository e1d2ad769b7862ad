-- One field of the records of many chats of a shard; nothing of one that is not there. KEYS[1] is any key of the shard.
-- ARGV: what the shard's keys begin with, the field, the ids.
local found = {}
for at = 3, #ARGV do
  found[#found + 1] = redis.call('HGET', ARGV[1] .. 'chat:' .. ARGV[at], ARGV[2])
end
return found
