-- begin: these commits are about to be handled. ARGV: repository, then ref and commit, again and again.
local hash = heads_of(ARGV[1])
redis.call('HSET', hash, 'epoch', born())
for i = 2, #ARGV, 2 do
  redis.call('HSET', hash, 'next:' .. ARGV[i], ARGV[i + 1])
end
return 1
