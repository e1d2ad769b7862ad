-- Keeps changes of chats of one shard, all of them or none. KEYS[1] is any key of the shard.
-- ARGV: what the shard's keys begin with, what tells this call from others; then for each change: the chat's id, "create" or "change", its version after it,
-- its record, the chat before it or "", whether it is at the desk ("1"), the time, until when it is looked after, for how
-- many seconds it is kept from now on or "", then three lists, each after the number of what is in it: entries (place, "m" and
-- the sender and id of its message or "", JSON), requests (number, JSON), what is to be told (receiver, since when, body).
-- Answers "ok", "conflict" or "unknown".
local base, call, at = ARGV[1], ARGV[2], 2

local function take()
  at = at + 1
  return ARGV[at]
end

local function list(width)
  local items = {}
  for n = 1, tonumber(take()) do
    local item = {}
    for m = 1, width do item[m] = take() end
    items[n] = item
  end
  return items
end

local changes = {}
while at < #ARGV do
  local change = {
    id = take(), kind = take(), version = tonumber(take()), record = take(), previous = take(), desk = take() == '1',
    time = take(), till = take(), kept = take(),
  }
  change.entries, change.requests, change.outgoing = list(3), list(2), list(3)
  changes[#changes + 1] = change
  local version = redis.call('HGET', base .. 'chat:' .. change.id, 'version')
  if change.kind == 'create' then
    -- Ids are random: a chat that is there is what an earlier call made whose answer was lost.
    change.done = version ~= false
  elseif not version then
    return 'unknown'
  elseif tonumber(version) == change.version and redis.call('HGET', base .. 'chat:' .. change.id, 'call') == call then
    -- The connections to a cluster send again what was not answered.
    change.done = true
  elseif tonumber(version) + 1 ~= change.version then
    return 'conflict'
  end
end

-- Ended chats go by themselves in the end, and with them those in whose place they were.
local function expire(id, seconds)
  while id and id ~= '' do
    for _, kind in ipairs({ 'chat:', 'log:', 'said:' }) do
      redis.call('EXPIRE', base .. kind .. id, seconds)
    end
    id = redis.call('HGET', base .. 'chat:' .. id, 'previous')
  end
end

for _, change in ipairs(changes) do
  if not change.done then
    local id = change.id
    local chat = base .. 'chat:' .. id
    redis.call('HSET', chat, 'version', change.version, 'record', change.record, 'call', call)
    if change.previous ~= '' then redis.call('HSET', chat, 'previous', change.previous) end
    for _, entry in ipairs(change.entries) do
      redis.call('XADD', base .. 'log:' .. id, entry[1] .. '-0', 'entry', entry[3])
      if entry[2] ~= '' then redis.call('HSET', base .. 'said:' .. id, entry[2], entry[1]) end
    end
    for _, request in ipairs(change.requests) do
      redis.call('ZADD', base .. 'requests', request[1], request[2])
    end
    for _, told in ipairs(change.outgoing) do
      local number = redis.call('INCR', base .. 'told')
      local queue = told[1] .. ':' .. id
      redis.call('HSET', base .. 'outgoing:' .. number, 'hook', told[1], 'chat', id, 'since', told[2], 'body', told[3], 'tries', 0, 'queue', queue)
      if redis.call('RPUSH', base .. 'queue:' .. queue, number) == 1 then
        redis.call('ZADD', base .. 'due', told[2], queue)
      end
    end
    redis.call('ZADD', base .. 'attended', 'GT', change.till, id)
    redis.call('ZADD', base .. 'active', 'GT', change.time, id)
    redis.call('ZADD', base .. 'seen', 'NX', 0, id)
    redis.call(change.desk and 'SADD' or 'SREM', base .. 'desk', id)
    if change.kept ~= '' then expire(id, change.kept) end
  end
end
return 'ok'
