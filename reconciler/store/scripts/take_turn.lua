-- take_turn: one of many takes a turn. ARGV: name, token, ttl. Returns 1 for the one that has it, else 0.
local name, token, ttl = ARGV[1], ARGV[2], tonumber(ARGV[3])
if not redis.call('SET', key('doing', name), token, 'NX', 'PX', ttl) then
  return 0
end
-- The word of an earlier turn would send away at once who waits for this one.
redis.call('DEL', key('done', name))
return 1
