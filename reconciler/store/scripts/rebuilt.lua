-- rebuilt: everything was requested in this epoch. ARGV: epoch. Returns 0 when another wipe came in between.
if born() ~= ARGV[1] then
  return 0
end
redis.call('SET', root .. 'rebuilt', ARGV[1])
return 1
