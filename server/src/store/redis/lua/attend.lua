-- Chats of a shard are looked after. KEYS[1]: until when who is. ARGV: what the shard's keys begin with, until when; then of
-- each chat its id, when its visitor was there, when anybody last did anything. Chats that are not there are passed over.
local base = ARGV[1]
for at = 3, #ARGV, 3 do
  redis.call('ZADD', KEYS[1], 'XX', 'GT', ARGV[2], ARGV[at])
  redis.call('ZADD', base .. 'seen', 'XX', 'GT', ARGV[at + 1], ARGV[at])
  redis.call('ZADD', base .. 'active', 'XX', 'GT', ARGV[at + 2], ARGV[at])
end
return 'ok'
