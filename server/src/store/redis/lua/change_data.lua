-- Changes session data, as a whole or not at all. KEYS: the data, its members, the versions of all members that are or were,
-- the versions that messages made, those messages in order; then until when all data of the shard is kept.
-- ARGV: the visitor, the message ("m" before its id) or "", the version that it must be or "", how many bytes there may be, until when
-- it is kept, until when Redis keeps it, how many names of deleted members are remembered, how many messages; then how
-- many members are set, with name and value of each; then the names that are deleted.
-- Answers with "done", the version and the key; or "stale", "large" or "unknown".
local data, members, versions, made, order, expiry = unpack(KEYS)
local message, only = ARGV[2], ARGV[3]
local kept = redis.call('HMGET', data, 'version', 'size', 'key')
if not kept[1] then return { 'unknown' } end
if message ~= '' then
  local version = redis.call('HGET', made, message)
  if version then return { 'done', version, kept[3] } end
end
if only ~= '' and tonumber(only) ~= tonumber(kept[1]) then return { 'stale' } end

local size, set, gone, touched = tonumber(kept[2]), {}, {}, {}
local function touch(name)
  if touched[name] then return end
  touched[name] = true
  local length = redis.call('HSTRLEN', members, name)
  if length > 0 then size = size - #name - length end
end
local last = 9 + 2 * tonumber(ARGV[9])
for at = 10, last, 2 do
  local name, value = ARGV[at], ARGV[at + 1]
  touch(name)
  set[name] = value
  size = size + #name + #value
end
for at = last + 1, #ARGV do
  if not set[ARGV[at]] then
    touch(ARGV[at])
    gone[#gone + 1] = ARGV[at]
  end
end
if size > tonumber(ARGV[4]) then return { 'large' } end

local version = tonumber(kept[1]) + 1
for name, value in pairs(set) do
  redis.call('HSET', members, name, value)
  redis.call('HSET', versions, name, version)
end
for _, name in ipairs(gone) do
  if redis.call('HEXISTS', versions, name) == 1 then
    redis.call('HDEL', members, name)
    redis.call('HSET', versions, name, version)
  end
end
redis.call('HSET', data, 'version', version, 'size', size, 'expires', ARGV[5])
if redis.call('HLEN', versions) - redis.call('HLEN', members) > tonumber(ARGV[7]) then
  for _, name in ipairs(redis.call('HKEYS', versions)) do
    if redis.call('HEXISTS', members, name) == 0 then redis.call('HDEL', versions, name) end
  end
  redis.call('HSET', data, 'floor', version)
end
if message ~= '' then
  redis.call('HSET', made, message, version)
  if redis.call('RPUSH', order, message) > tonumber(ARGV[8]) then
    redis.call('HDEL', made, redis.call('LPOP', order))
  end
end
redis.call('ZADD', expiry, ARGV[5], ARGV[1])
for at = 1, 5 do redis.call('PEXPIREAT', KEYS[at], ARGV[6]) end
return { 'done', version, kept[3] }
