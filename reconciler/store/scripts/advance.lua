-- advance: somebody saw a newer commit of a ref before any refresh. ARGV: repository, ref, the commit known so far, the new one.
-- Returns 1 if it is known from now on, 0 when the ref has moved since it was read.
local hash, ref = key('heads', ARGV[1]), ARGV[2]
local pair = redis.call('HMGET', hash, 'next:' .. ref, 'current:' .. ref)
if (pair[1] or pair[2] or '') ~= ARGV[3] then
  return 0
end
redis.call('HSET', hash, 'next:' .. ref, ARGV[4])
return 1
