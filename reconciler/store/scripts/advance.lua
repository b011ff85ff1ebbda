-- advance: a pass saw a commit of a ref before any refresh. ARGV: repository, ref, the commit known so far, the new one.
-- The first commit ever seen counts as handled: nobody can have read another. Returns 1 if the new one is known from
-- now on, 0 when the ref has moved since it was read.
local hash, ref = heads_of(ARGV[1]), ARGV[2]
local pair = redis.call('HMGET', hash, 'next:' .. ref, 'current:' .. ref)
if (pair[1] or pair[2] or '') ~= ARGV[3] then
  return 0
end
redis.call('HSET', hash, 'epoch', born(), 'next:' .. ref, ARGV[4])
if ARGV[3] == '' then
  redis.call('HSET', hash, 'current:' .. ref, ARGV[4])
end
return 1
