-- A request that points to a chat does so for so many seconds more. KEYS[1]: the request. ARGV: the chat, the seconds.
if redis.call('HGET', KEYS[1], 'chat') ~= ARGV[1] then return 0 end
return redis.call('EXPIRE', KEYS[1], ARGV[2])
