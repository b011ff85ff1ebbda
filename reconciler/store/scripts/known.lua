-- known: all refs of a repository that were ever looked at in this epoch. ARGV: repository.
-- Returns fields and values of its hash but for the epoch.
local row, answer = redis.call('HGETALL', heads_of(ARGV[1])), {}
for i = 1, #row, 2 do
  if row[i] ~= 'epoch' then
    table.insert(answer, row[i])
    table.insert(answer, row[i + 1])
  end
end
return answer
