-- acquire: one worker takes one issued entry for one pass. ARGV: entry, uid, worker, token, deadline, look, settling, epoch.
-- Returns 'ok', req, lane, uid; or why not.
local id, uid, worker, token = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local deadline, look, settling = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local epoch = born()
local entry = read(id)

-- The message is spent, so the entry has to come back long before its redrive.
local function not_yet(why)
  if entry and entry.issued ~= '0' and not holder_lives(entry) then
    redis.call('ZADD', key('issued', entry.lane), text(now + look), id)
  end
  return {why}
end

if now_us < tonumber(epoch) + settling * 1000 then
  return not_yet('settling')
end
if epoch ~= ARGV[8] or redis.call('EXISTS', key('alive', worker)) == 0 then
  return not_yet('lapsed')
end
if not entry or entry.issued == '0' then
  return {'replayed'}
end
if uid ~= '' and uid ~= entry.uid then
  return {'stale'}
end
-- The same token asks twice when the first answer was lost on its way.
if entry.token ~= token then
  if holder_lives(entry) then
    return {'held'}
  end
  redis.call('HSET', key('entry', id), 'token', token, 'until', text(now + deadline), 'worker', worker)
  redis.call('ZADD', key('issued', entry.lane), text(now + look), id)
end
feed('lane:' .. entry.lane)
return {'ok', entry.req, entry.lane, entry.uid}
