-- live: what an observer saw of one kind. ARGV: cluster, kind, epoch, what, then for each object: field, member, owner,
-- value ('' when it is gone). `what` is 'begin', 'change', 'complete' or 'drop'. Returns 0 when another observer took over.
local cluster, kind, epoch, what = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local live, watched = key('live', cluster, kind), key('watched', cluster)

local function owned(owner)
  return key('owned', cluster, owner)
end

local function former_owner(field)
  local value = redis.call('HGET', live, field)
  return value and string.match(value, '^(.-)\n') or ''
end

local function change(field, member, owner, value)
  local before = former_owner(field)
  if before ~= '' and before ~= owner then
    redis.call('SREM', owned(before), member)
  end
  if value == '' then
    redis.call('HDEL', live, field)
    return
  end
  redis.call('HSET', live, field, owner .. '\n' .. value)
  if owner ~= '' then
    redis.call('SADD', owned(owner), member)
  end
end

if what == 'begin' then
  redis.call('HSET', watched, kind, epoch .. ' 0')
  return 1
end
local mark = redis.call('HGET', watched, kind) or ''
local current, fresh = string.match(mark, '^(%S+) (%d+)$')
if current ~= epoch then
  return 0
end
for i = 5, #ARGV, 4 do
  change(ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3])
end
if what == 'drop' then
  redis.call('HDEL', watched, kind)
elseif what == 'complete' or fresh ~= '0' then
  -- An incomplete kind stays so whatever is heard of it.
  redis.call('HSET', watched, kind, epoch .. ' ' .. text(now))
end
return 1
