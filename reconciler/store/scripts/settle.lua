-- settle: the pass is over. ARGV: entry, token, seen, next due, lane. Returns 1, or 0 when the lease was lost.
local id, token, seen, next_due, lane = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]
local entry = read(id)
if not entry or entry.token ~= token then
  return 0
end
land(id, entry)
if entry.req ~= seen then
  -- Requested during the pass: due at once, in the lane that was asked for.
  lane, next_due = entry.lane, 0
end
redis.call('HSET', key('entry', id), 'lane', lane)
file(id, lane, entry.place, now + next_due)
if next_due <= 0 then
  wake()
end
return 1
