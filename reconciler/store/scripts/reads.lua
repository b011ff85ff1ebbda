-- reads: what an application's render looked at. ARGV: application, repository, binding, digest, then every read, if any.
-- Returns 'same' or 'kept' with the binding's current and next commit, or 'more' when the reads have to be sent.
local app, repo, binding, digest = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local mine = key('reads', app)
local known = redis.call('HMGET', mine, 'digest', 'repo', 'binding', 'reads')

local function heads(word)
  local pair = redis.call('HMGET', heads_of(repo), 'current:' .. binding, 'next:' .. binding)
  return {word, pair[1] or '', pair[2] or ''}
end

local function count(hash, field, by)
  if redis.call('HINCRBY', hash, field, by) <= 0 then
    redis.call('HDEL', hash, field)
  end
end

local function leave(read)
  redis.call('SREM', key('readers', known[2], known[3], read), app)
  if string.sub(read, 1, 5) == 'glob:' then
    count(key('globs', known[2], known[3]), string.sub(read, 6), -1)
  end
end

local function join(read)
  if redis.call('SADD', key('readers', repo, binding, read), app) == 1 and string.sub(read, 1, 5) == 'glob:' then
    count(key('globs', repo, binding), string.sub(read, 6), 1)
  end
end

local function forget()
  for read in string.gmatch(known[4] or '', '[^%z]+') do
    leave(read)
  end
  if known[2] then
    count(key('bindings', known[2]), known[3], -1)
    if redis.call('EXISTS', key('bindings', known[2])) == 0 then
      redis.call('SREM', key('repos'), known[2])
    end
  end
  redis.call('DEL', mine)
end

if known[1] == digest and digest ~= '' then
  return heads('same')
end
if digest ~= '' and #ARGV == 4 then
  return heads('more')
end
forget()
if digest == '' then
  return heads('kept')
end
for i = 5, #ARGV do
  join(ARGV[i])
end
count(key('bindings', repo), binding, 1)
redis.call('SADD', key('repos'), repo)
redis.call('HSET', mine, 'digest', digest, 'repo', repo, 'binding', binding, 'reads', table.concat(ARGV, '\0', 5))
return heads('kept')
