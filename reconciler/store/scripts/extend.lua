-- extend: a pass goes on to its next batch. ARGV: entry, token, deadline. Returns 1, or 0 when the lease is lost.
local entry = read(ARGV[1])
if not entry or entry.token ~= ARGV[2] or not holder_lives(entry) then
  return 0
end
redis.call('HSET', key('entry', ARGV[1]), 'until', text(now + tonumber(ARGV[3])))
return 1
