-- Shared by every script of the due set: names of keys, the clock, and the few moves they are made of.
-- KEYS[1] is the installation's prefix. Time is the server's own; arguments are durations in milliseconds.
local root = KEYS[1]
local clock = redis.call('TIME')
local now_us = tonumber(clock[1]) * 1000000 + tonumber(clock[2])
local now = math.floor(now_us / 1000)
local LANES = {'person', 'push', 'timer'}
local RANK = {person = 1, push = 2, timer = 3}

local function key(...)
  return root .. table.concat({...}, ':')
end

-- Lua prints large numbers as 1.7e+15; counters are compared as text.
local function text(number)
  return string.format('%.0f', number)
end

local function read(id)
  local row = redis.call('HMGET', key('entry', id), 'uid', 'lane', 'place', 'req', 'issued', 'token', 'until', 'worker')
  if not row[4] then
    return nil
  end
  return {uid = row[1], lane = row[2], place = row[3], req = row[4], issued = row[5], token = row[6],
          till = tonumber(row[7]), worker = row[8]}
end

local function touch(lane, place)
  local head = redis.call('ZRANGE', key('due', lane, place), 0, 0, 'WITHSCORES')
  if head[2] then
    redis.call('ZADD', key('ring', lane), head[2], place)
  else
    redis.call('ZREM', key('ring', lane), place)
  end
end

local function file(id, lane, place, at)
  redis.call('ZADD', key('due', lane, place), text(at), id)
  touch(lane, place)
end

local function unfile(id, lane, place)
  redis.call('ZREM', key('due', lane, place), id)
  touch(lane, place)
end

local function wake()
  if redis.call('EXISTS', root .. 'wake') == 0 then
    redis.call('LPUSH', root .. 'wake', '1')
  end
end

-- Credit came back: beat is woken only when something waited for it.
local function feed(name)
  if redis.call('SREM', root .. 'starved', name) == 1 then
    wake()
  end
end

local function holder_lives(entry)
  return entry.token ~= '' and now < entry.till and redis.call('EXISTS', key('alive', entry.worker)) == 1
end

local function fly(place, by)
  if redis.call('HINCRBY', root .. 'flights', place, by) <= 0 then
    redis.call('HDEL', root .. 'flights', place)
  end
end

-- The entry is no longer issued; the caller files it or removes it.
local function land(id, entry)
  redis.call('ZREM', key('issued', entry.lane), id)
  fly(entry.place, -1)
  feed('place:' .. entry.place)
  redis.call('HSET', key('entry', id), 'issued', '0', 'token', '', 'until', '0', 'worker', '')
end

-- The epoch. A wipe takes the key away; a restart or a fail-over to an older copy changes the server's run id.
local function born()
  local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
  local seen = redis.call('MGET', root .. 'server', root .. 'born')
  if seen[1] == run and seen[2] then
    return seen[2]
  end
  redis.call('SET', root .. 'server', run)
  redis.call('SET', root .. 'born', text(now_us))
  return text(now_us)
end

-- Heads of a repository, dropped if they are from before a wipe or fail-over: an older copy names older commits, and
-- what was deployed since would be undone.
local function heads_of(repo)
  local hash = key('heads', repo)
  if redis.call('HGET', hash, 'epoch') ~= born() then
    redis.call('DEL', hash)
  end
  return hash
end
