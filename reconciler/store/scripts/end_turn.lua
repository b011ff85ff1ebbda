-- end_turn: its holder gives a turn back and tells those who wait. ARGV: name, token, heard. Returns 1, or 0 when it had lapsed.
local name, token, heard = ARGV[1], ARGV[2], tonumber(ARGV[3])
if redis.call('GET', key('doing', name)) ~= token then
  return 0
end
redis.call('DEL', key('doing', name))
redis.call('XADD', key('done', name), '*', 'over', '1')
redis.call('PEXPIRE', key('done', name), heard)
return 1
