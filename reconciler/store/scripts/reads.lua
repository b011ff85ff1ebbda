-- reads: what an application's renders looked at. ARGV: application, digest, number of read-sets, repository and binding
-- of each, and then, if they have to be sent, for each how many reads it has and these.
-- Returns 'same' or 'kept' and for each set its binding's current and next commit, or 'more' when reads have to be sent.
local app, digest, count = ARGV[1], ARGV[2], tonumber(ARGV[3])
local mine, first = key('reads', app), 4 + 2 * count
local hashes = {}

local function heads(word)
  local answer = {word}
  for i = 1, count do
    local repo, binding = ARGV[2 + 2 * i], ARGV[3 + 2 * i]
    hashes[repo] = hashes[repo] or heads_of(repo)
    local pair = redis.call('HMGET', hashes[repo], 'current:' .. binding, 'next:' .. binding)
    table.insert(answer, pair[1] or '')
    table.insert(answer, pair[2] or '')
  end
  return answer
end

local function add(hash, field, by)
  if redis.call('HINCRBY', hash, field, by) <= 0 then
    redis.call('HDEL', hash, field)
  end
end

local function leave(repo, binding, reads)
  for read in string.gmatch(reads, '[^%z]+') do
    redis.call('SREM', key('readers', repo, binding, read), app)
    if string.sub(read, 1, 5) == 'glob:' then
      add(key('globs', repo, binding), string.sub(read, 6), -1)
    end
  end
  add(key('bindings', repo), binding, -1)
  if redis.call('EXISTS', key('bindings', repo)) == 0 then
    redis.call('SREM', key('repos'), repo)
  end
end

local function join(repo, binding, from, to)
  for i = from, to do
    redis.call('SADD', key('readers', repo, binding, ARGV[i]), app)
    if string.sub(ARGV[i], 1, 5) == 'glob:' then
      add(key('globs', repo, binding), string.sub(ARGV[i], 6), 1)
    end
  end
  add(key('bindings', repo), binding, 1)
  redis.call('SADD', key('repos'), repo)
end

local function forget()
  for i = 1, tonumber(redis.call('HGET', mine, 'sets') or '0') do
    local set = redis.call('HMGET', mine, 'repo:' .. i, 'binding:' .. i, 'reads:' .. i)
    leave(set[1], set[2], set[3])
  end
  redis.call('DEL', mine)
end

if redis.call('HGET', mine, 'digest') == digest then
  return heads('same')
end
if count > 0 and #ARGV < first then
  return heads('more')
end
forget()
for i = 1, count do
  local repo, binding, size = ARGV[2 + 2 * i], ARGV[3 + 2 * i], tonumber(ARGV[first])
  join(repo, binding, first + 1, first + size)
  redis.call('HSET', mine, 'repo:' .. i, repo, 'binding:' .. i, binding,
             'reads:' .. i, table.concat(ARGV, '\0', first + 1, first + size))
  first = first + 1 + size
end
if count > 0 then
  redis.call('HSET', mine, 'digest', digest, 'sets', count)
end
return heads('kept')
