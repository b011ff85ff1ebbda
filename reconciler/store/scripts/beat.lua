-- beat: one heartbeat of a process. ARGV: worker, TTL, 'NX' for its first beat or 'XX' after that.
-- Returns whether the process was, or now is, alive; the epoch; the epoch that was rebuilt.
local epoch = born()
local alive = redis.call('SET', key('alive', ARGV[1]), '1', 'PX', ARGV[2], ARGV[3])
return {alive and 1 or 0, epoch, redis.call('GET', root .. 'rebuilt') or ''}
