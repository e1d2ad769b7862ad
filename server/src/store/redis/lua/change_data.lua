-- Changes session data, as a whole or not at all. KEYS: the data, its members, the versions of all members that are or were,
-- the versions that messages made, those messages in order; then until when all data of the shard is kept; how many bytes of
-- the shard each address is charged with ("*": all), and each visitor, with the address.
-- ARGV: the visitor, the message ("m" before its id) or "", the version that it must be or "", how many bytes there may be, until when
-- it is kept, until when Redis keeps it, how many names of deleted members are remembered, how many messages; the address that is
-- charged if none is yet, how many bytes there may be in the shard of the address and in all, how many a visitor is charged with
-- beside names and values; then how many members are set, with name and value of each; then the names that are deleted.
-- Answers with "done", the version and the key; or "stale", "large", "address", "all" or "unknown".
local data, members, versions, made, order, expiry, held, holders = unpack(KEYS)
local message, only = ARGV[2], ARGV[3]
local kept = redis.call('HMGET', data, 'version', 'size', 'key', 'gone')
if not kept[1] then return { 'unknown' } end
if message ~= '' then
  local version = redis.call('HGET', made, message)
  if version then return { 'done', version, kept[3] } end
end
if only ~= '' and tonumber(only) ~= tonumber(kept[1]) then return { 'stale' } end

local size, set, gone, touched = tonumber(kept[2]), {}, {}, {}
-- Bytes of the names of deleted members.
local names = tonumber(kept[4] or '0')
local function touch(name, deletes)
  if touched[name] then return end
  touched[name] = true
  local length = redis.call('HSTRLEN', members, name)
  if length > 0 then
    size = size - #name - length
    if deletes then names = names + #name end
  elseif not deletes and redis.call('HEXISTS', versions, name) == 1 then
    names = math.max(0, names - #name)
  end
end
local last = 13 + 2 * tonumber(ARGV[13])
for at = 14, last, 2 do
  local name, value = ARGV[at], ARGV[at + 1]
  touch(name, false)
  set[name] = value
  size = size + #name + #value
end
for at = last + 1, #ARGV do
  if not set[ARGV[at]] then
    touch(ARGV[at], true)
    gone[#gone + 1] = ARGV[at]
  end
end
if size > tonumber(ARGV[4]) then return { 'large' } end

local charged, address = string.match(redis.call('HGET', holders, ARGV[1]) or '', '^(%d+) (.*)$')
charged = tonumber(charged or '0')
if not address or address == '' then address = ARGV[9] end
local more = tonumber(ARGV[12]) + size + names - charged
local function full(whose, most)
  return tonumber(redis.call('HGET', held, whose) or '0') + more > tonumber(most)
end
if more > 0 and tonumber(ARGV[13]) > 0 then
  if address ~= '' and full(address, ARGV[10]) then return { 'address' } end
  if full('*', ARGV[11]) then return { 'all' } end
end

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
  names = 0
end
redis.call('HSET', data, 'gone', names)
-- What it was charged with before may have been charged to no address.
local before = redis.call('HGET', holders, ARGV[1])
local old = before and string.match(before, '^%d+ (.*)$') or ''
local now = tonumber(ARGV[12]) + size + names
redis.call('HINCRBY', held, '*', now - charged)
if address ~= '' then
  redis.call('HINCRBY', held, address, old == address and now - charged or now)
end
redis.call('HSET', holders, ARGV[1], string.format('%d %s', now, address))
if message ~= '' then
  redis.call('HSET', made, message, version)
  if redis.call('RPUSH', order, message) > tonumber(ARGV[8]) then
    redis.call('HDEL', made, redis.call('LPOP', order))
  end
end
redis.call('ZADD', expiry, ARGV[5], ARGV[1])
for at = 1, 5 do redis.call('PEXPIREAT', KEYS[at], ARGV[6]) end
return { 'done', version, kept[3] }
