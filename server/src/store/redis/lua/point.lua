-- Lets a request point to the chat that it is about to make, unless it points to another. KEYS[1]: the request.
-- ARGV: the chat, and the one that may be replaced or "". Answers with the other chat and for how many seconds it has been pointed
-- to; with nothing when it is done.
local now = tonumber(redis.call('TIME')[1])
local known = redis.call('HMGET', KEYS[1], 'chat', 'since')
if known[1] and known[1] ~= ARGV[1] and known[1] ~= ARGV[2] then
  return { known[1], now - tonumber(known[2]) }
end
redis.call('HSET', KEYS[1], 'chat', ARGV[1], 'since', now)
redis.call('PERSIST', KEYS[1])
return false
