-- stats: for each lane how many entries are due, how late the oldest is in milliseconds, how many are issued.
local answer = {}
for _, lane in ipairs(LANES) do
  local due, oldest = 0, now
  for _, place in ipairs(redis.call('ZRANGEBYSCORE', key('ring', lane), '-inf', text(now))) do
    due = due + redis.call('ZCOUNT', key('due', lane, place), '-inf', text(now))
    oldest = math.min(oldest, tonumber(redis.call('ZSCORE', key('ring', lane), place)))
  end
  table.insert(answer, {due, now - oldest, redis.call('ZCARD', key('issued', lane))})
end
return answer
