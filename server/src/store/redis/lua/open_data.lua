-- Begins session data, if there is none, and keeps it until then. KEYS: as in change_data.lua.
-- ARGV: the visitor, the key, until when it is kept, until when Redis keeps it. Answers with the key that it has.
if redis.call('HSETNX', KEYS[1], 'key', ARGV[2]) == 1 then
  redis.call('HSET', KEYS[1], 'version', 0, 'floor', 0, 'size', 0)
end
redis.call('HSET', KEYS[1], 'expires', ARGV[3])
redis.call('ZADD', KEYS[6], ARGV[3], ARGV[1])
for at = 1, 5 do redis.call('PEXPIREAT', KEYS[at], ARGV[4]) end
return redis.call('HGET', KEYS[1], 'key')
