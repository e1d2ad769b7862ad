-- Forgets session data, if it is not kept longer than until then. KEYS: as in change_data.lua. ARGV: the visitor, the time or "".
-- Answers with the key that it had.
local kept = redis.call('HMGET', KEYS[1], 'key', 'expires')
if ARGV[2] ~= '' and kept[2] and tonumber(kept[2]) >= tonumber(ARGV[2]) then return false end
redis.call('DEL', unpack(KEYS, 1, 5))
redis.call('ZREM', KEYS[6], ARGV[1])
-- What it was charged with is free again, even where Redis had forgotten the data itself.
local charged, address = string.match(redis.call('HGET', KEYS[8], ARGV[1]) or '', '^(%d+) (.*)$')
if charged then
  redis.call('HDEL', KEYS[8], ARGV[1])
  for _, whose in ipairs(address == '' and { '*' } or { '*', address }) do
    if redis.call('HINCRBY', KEYS[7], whose, -tonumber(charged)) <= 0 then redis.call('HDEL', KEYS[7], whose) end
  end
end
return kept[1]
