-- The first of the steps of a change across two parts of a cluster: takes the
-- new ids, with records that were never alive. Arguments as in `add.lua`.

local new = { argument(10), argument(20) }
for _, added in ipairs(new) do
  local there = read(added.member)
  if there and there.n ~= ARGV[3] then return 'taken' end
  if not has_room(added, tonumber(ARGV[9])) then return 'full' end
end
for _, added in ipairs(new) do
  call('HSET', key(added.member), 'u', '', 'r', '', 'c', '0', 's', '0', 'e', '0', 'v', '0', 'n', ARGV[3])
  call('EXPIRE', key(added.member), 60)
end
return 'done'
