-- drain: issue what is due, person before push before timer, places in turn, within credit. Removes nothing.
-- KEYS after the prefix: the queues of each lane. ARGV: limit, credit of a place, credit of a lane, redrive, look, settling,
-- number of queues of person, push, timer. Returns entry, uid, lane, place for each entry issued.
local limit, place_credit, lane_credit = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local redrive, look, settling = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local issued, queue = {}, 2

-- Right after a wipe or fail-over former holders may still write until their leases run out.
if now_us < tonumber(born()) + settling * 1000 then
  return issued
end

local function credit_of(lane, queues)
  local waiting = 0
  for _ = 1, queues do
    waiting = waiting + redis.call('LLEN', KEYS[queue])
    queue = queue + 1
  end
  return lane_credit - waiting
end

local function issue(id, entry, lane)
  redis.call('HSET', key('entry', id), 'issued', entry.req, 'token', '', 'until', '0', 'worker', '')
  redis.call('ZADD', key('issued', lane), text(now + redrive), id)
  limit = limit - 1
  for _, part in ipairs({id, entry.uid, lane, entry.place}) do
    table.insert(issued, part)
  end
end

-- A lost message, a dead holder, or a lane that rose. In flight already, so it needs no credit of its place: without
-- this a place whose messages were all lost would never get another.
local function again(lane, credit)
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', key('issued', lane), '-inf', text(now), 'LIMIT', 0, limit)) do
    local entry = read(id)
    if holder_lives(entry) then
      redis.call('ZADD', key('issued', lane), text(now + look), id)
    elseif credit > 0 then
      issue(id, entry, lane)
      credit = credit - 1
    else
      redis.call('SADD', root .. 'starved', 'lane:' .. lane)
      break
    end
  end
  return credit
end

-- Places with something due, beginning after the one that was served last.
local function places_in_turn(lane)
  local places = redis.call('ZRANGEBYSCORE', key('ring', lane), '-inf', text(now))
  table.sort(places)
  local last, first, turned = redis.call('GET', key('turn', lane)) or '', 1, {}
  while places[first] and places[first] <= last do
    first = first + 1
  end
  for i = 0, #places - 1 do
    table.insert(turned, places[(first - 1 + i) % #places + 1])
  end
  return turned
end

local function take(lane, place)
  local id = redis.call('ZRANGEBYSCORE', key('due', lane, place), '-inf', text(now), 'LIMIT', 0, 1)[1]
  if not id then
    return false
  end
  if tonumber(redis.call('HGET', root .. 'flights', place) or '0') >= place_credit then
    redis.call('SADD', root .. 'starved', 'place:' .. place)
    return false
  end
  unfile(id, lane, place)
  issue(id, read(id), lane)
  fly(place, 1)
  return true
end

-- One entry of each place a round, until nothing is due or no credit is left.
local function serve(lane, credit)
  local waiting, last = places_in_turn(lane), nil
  while #waiting > 0 and credit > 0 and limit > 0 do
    local served = {}
    for _, place in ipairs(waiting) do
      if credit > 0 and limit > 0 then
        if take(lane, place) then
          credit, last = credit - 1, place
          table.insert(served, place)
        end
      end
    end
    waiting = served
  end
  if last then
    redis.call('SET', key('turn', lane), last)
  end
  if credit <= 0 and #waiting > 0 then
    redis.call('SADD', root .. 'starved', 'lane:' .. lane)
  end
end

for i, lane in ipairs(LANES) do
  local credit = credit_of(lane, tonumber(ARGV[6 + i]))
  if limit > 0 then
    credit = again(lane, credit)
    serve(lane, credit)
  end
end
return issued
