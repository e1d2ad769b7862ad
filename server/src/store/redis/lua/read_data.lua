-- What has changed in session data since a version. KEYS: as in change_data.lua. ARGV: the version.
-- Answers with the version now, the one it goes from, and pairs of names and values; a deleted member has "" for a value, which is no JSON.
local kept = redis.call('HMGET', KEYS[1], 'version', 'floor')
if not kept[1] then return { '0', '0' } end
local now, from = tonumber(kept[1]), tonumber(ARGV[1])
if from < tonumber(kept[2]) or from > now then from = 0 end
local found = { tostring(now), tostring(from) }
local versions = redis.call('HGETALL', KEYS[3])
for at = 1, #versions, 2 do
  if tonumber(versions[at + 1]) > from then
    local value = redis.call('HGET', KEYS[2], versions[at])
    if value or from > 0 then
      found[#found + 1] = versions[at]
      found[#found + 1] = value or ''
    end
  end
end
return found
