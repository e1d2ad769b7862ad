-- Forgets session data, if it is not kept longer than until then. KEYS: as in change_data.lua. ARGV: the visitor, the time or "".
-- Answers with the key that it had.
local kept = redis.call('HMGET', KEYS[1], 'key', 'expires')
if ARGV[2] ~= '' and kept[2] and tonumber(kept[2]) >= tonumber(ARGV[2]) then return false end
redis.call('DEL', unpack(KEYS, 1, 5))
redis.call('ZREM', KEYS[6], ARGV[1])
return kept[1]
