-- Forgets a chat. KEYS[1]: its record. ARGV: what the shard's keys begin with, its id. Answers with its record.
local base, id = ARGV[1], ARGV[2]
local record = redis.call('HGET', KEYS[1], 'record')
redis.call('DEL', KEYS[1], base .. 'log:' .. id, base .. 'said:' .. id)
for _, name in ipairs({ 'attended', 'active', 'seen' }) do redis.call('ZREM', base .. name, id) end
redis.call('SREM', base .. 'desk', id)
return record
