-- Insert, and rotate if there is an old record.
-- nonce, old, version, ends series, at most, end others, bound, new, series

local nonce, version, ends, most, others, bound =
  ARGV[3], ARGV[5], ARGV[6], ARGV[7], ARGV[8], tonumber(ARGV[9])
local record, series = argument(10), argument(20)
local new = { record, series }

-- The client of a cluster asks again when it has lost an answer.
local there = read(record.member)
if there and there.n == nonce and there.e ~= '0' then return 'done' end

if ARGV[4] ~= '' then
  local old = read(ARGV[4])
  if not alive(old) then return 'gone' end
  if old.v ~= version then return 'conflict' end
  doom(old)
end

local reserved = false
for _, added in ipairs(new) do
  there = read(added.member)
  reserved = there ~= nil and there.n == nonce
  if there and not reserved then return 'taken' end
end
if not reserved then
  for _, added in ipairs(new) do
    if not has_room(added, bound) then return 'full' end
  end
end

if ends ~= '' then doom_series(ends) end
if others ~= '' and record.u ~= '' then
  for _, other in ipairs(all_of(of_user(record.u))) do
    if other.member ~= '1:' .. record.r then doom(other) end
  end
end
doom_surplus(record, new, most)
commit(new, nonce)
return 'done'
