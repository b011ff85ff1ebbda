-- request: something wants these entries looked at. ARGV: entry, uid, lane, place, delay; again for the next entry.
local soon = false

local function renew(id, entry, uid, lane, place, at)
  local req = text(math.max(tonumber(entry.req) + 1, now_us))
  local best = RANK[lane] < RANK[entry.lane] and lane or entry.lane
  if entry.issued ~= '0' and entry.uid ~= '' and entry.uid ~= uid and not holder_lives(entry) then
    -- Its message names an object that is gone; a new one has to go out.
    land(id, entry)
    entry.issued = '0'
  end
  if entry.issued == '0' then
    local score = redis.call('ZSCORE', key('due', entry.lane, entry.place), id)
    if best ~= entry.lane or place ~= entry.place then
      unfile(id, entry.lane, entry.place)
    end
    file(id, best, place, score and math.min(tonumber(score), at) or at)
  else
    if place ~= entry.place then
      fly(entry.place, -1)
      fly(place, 1)
    end
    if best ~= entry.lane then
      -- The message lies in a slower lane: issued again in the faster one. Whichever comes second is refused.
      redis.call('ZREM', key('issued', entry.lane), id)
      redis.call('ZADD', key('issued', best), text(at), id)
    end
  end
  redis.call('HSET', key('entry', id), 'uid', uid, 'lane', best, 'place', place, 'req', req)
end

local function begin(id, uid, lane, place, at)
  redis.call('HSET', key('entry', id), 'uid', uid, 'lane', lane, 'place', place, 'req', text(now_us), 'issued', '0',
             'token', '', 'until', '0', 'worker', '')
  file(id, lane, place, at)
end

for i = 1, #ARGV, 5 do
  local id, uid, lane, place, delay = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], tonumber(ARGV[i + 4])
  local entry = read(id)
  if entry then
    renew(id, entry, uid ~= '' and uid or entry.uid, lane, place ~= '' and place or entry.place, now + delay)
  else
    begin(id, uid, lane, place, now + delay)
  end
  soon = soon or delay <= 0
end
if soon then
  wake()
end
return #ARGV / 5
