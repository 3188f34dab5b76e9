-- What is beyond `at_most`, as `surplus.rs` says it.

-- Of two seen in the same second the older one goes first.
local function used_before(a, b)
  if a.s ~= b.s then return less(a.s, b.s) end
  if a.c ~= b.c then return less(a.c, b.c) end
  return a.member < b.member
end

local function doom_surplus(session, new, most)
  if most == '' or session.u == '' then return end
  most = math.max(tonumber(most), 1)
  local kinds = { ['0'] = {}, ['1'] = {} }
  local function count(record)
    local kind = kinds[record.member:sub(1, 1)]
    if kind and alive(record) and not doomed[record.member] then kind[#kind + 1] = record end
  end
  for _, record in ipairs(all_of(of_user(session.u))) do
    if not spared[record.member] then count(record) end
  end
  for _, record in ipairs(new) do count(record) end

  local sessions = kinds['0']
  local too_many = #sessions - most
  table.sort(sessions, used_before)
  for _, other in ipairs(sessions) do
    if too_many > 0 and other.member ~= session.member then
      too_many = too_many - 1
      doom(other)
      if other.r ~= '' and other.r ~= session.r then doom_series(other.r) end
    end
  end

  local series = {}
  for _, other in ipairs(kinds['1']) do
    if not doomed[other.member] then series[#series + 1] = other end
  end
  too_many = #series - most
  table.sort(series, used_before)
  for _, other in ipairs(series) do
    if too_many > 0 and other.member ~= '1:' .. session.r and not spared[other.member] then
      too_many = too_many - 1
      doom_series(other.member:sub(3))
    end
  end
end

