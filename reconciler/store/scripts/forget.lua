-- forget: the object is gone, and so is its entry. ARGV: entry, uid, seen or ''. Returns 1, or 0 when it lives again:
-- another uid took its name, or somebody asked for it since.
local id, uid, seen = ARGV[1], ARGV[2], ARGV[3]
local entry = read(id)
if not entry then
  return 1
end
if uid ~= entry.uid or (seen ~= '' and seen ~= entry.req) then
  return 0
end
if entry.issued ~= '0' then
  land(id, entry)
else
  unfile(id, entry.lane, entry.place)
end
redis.call('DEL', key('entry', id))
return 1
