-- heads: a refresh has raised all requests for these commits. ARGV: repository, then ref and commit, again and again.
-- Returns how many became current: not those for which a newer refresh has begun since.
local hash, done = heads_of(ARGV[1]), 0
for i = 2, #ARGV, 2 do
  if redis.call('HGET', hash, 'next:' .. ARGV[i]) == ARGV[i + 1] then
    redis.call('HSET', hash, 'current:' .. ARGV[i], ARGV[i + 1])
    done = done + 1
  end
end
return done
