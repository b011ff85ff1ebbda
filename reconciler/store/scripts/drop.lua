-- drop: nobody reads these refs any more. ARGV: repository, refs.
local hash = heads_of(ARGV[1])
for i = 2, #ARGV do
  redis.call('HDEL', hash, 'next:' .. ARGV[i], 'current:' .. ARGV[i])
end
if redis.call('HLEN', hash) == 1 then
  redis.call('DEL', hash)
end
return 1
