-- members: one process of a role says that it lives. ARGV: role, name, TTL. Returns who lives.
local set = key('members', ARGV[1])
redis.call('ZREMRANGEBYSCORE', set, '-inf', text(now - tonumber(ARGV[3])))
redis.call('ZADD', set, text(now), ARGV[2])
return redis.call('ZRANGE', set, 0, -1)
