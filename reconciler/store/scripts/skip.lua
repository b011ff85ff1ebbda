-- skip: nothing has to be done, proven without a pass. ARGV: entry, seen, next due. Returns 1, or 0 when it must run.
local id, seen, next_due = ARGV[1], ARGV[2], tonumber(ARGV[3])
local entry = read(id)
if not entry or entry.req ~= seen or holder_lives(entry) then
  return 0
end
if entry.issued ~= '0' then
  land(id, entry)
else
  unfile(id, entry.lane, entry.place)
end
redis.call('HSET', key('entry', id), 'lane', 'timer')
file(id, 'timer', entry.place, now + next_due)
return 1
