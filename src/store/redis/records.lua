-- What every step begins with: records, their indexes, and a plan.
--
-- A record is a hash under the key of its member, which is its kind and its id
-- ("0:00ab…"). Indexes are sorted sets of members, each by when it expires: of
-- a user or of the strangers of a part, and of the sessions of a series. All of
-- them lie in the part of the id. Names are made here, from the ids; KEYS tells
-- a cluster where a step belongs.
--
-- A script that fails half way is not undone. So a step first reads and plans;
-- `commit` writes, when nothing can fail any more.

local call = redis.call
local prefix, now = ARGV[1], ARGV[2]

local function named(part, name)
  return prefix .. ':{' .. part .. '}:' .. name
end

local function key(member)
  return named(member:sub(3, 5), member)
end

-- Numbers of 64 bits, in decimal digits: Lua's own would be rounded.
local function less(a, b)
  if #a ~= #b then return #a < #b end
  return a < b
end

local function read(member)
  local f = call('HMGET', key(member), 'u', 'r', 'c', 's', 'e', 'v', 'n')
  if not f[5] then return nil end
  return { member = member, u = f[1], r = f[2], c = f[3], s = f[4], e = f[5], v = f[6], n = f[7] }
end

local function alive(record)
  return record ~= nil and less(now, record.e)
end

local function of_user(user)
  return named(user:sub(1, 3), 'u:' .. user)
end

local function of_series(series)
  return named(series:sub(1, 3), 'r:' .. series)
end

local function strangers(member)
  return named(member:sub(3, 5), 'strangers')
end

local function indexes(record)
  local all = { record.u == '' and strangers(record.member) or of_user(record.u) }
  if record.r ~= '' and record.member:sub(1, 2) == '0:' then
    all[2] = of_series(record.r)
  end
  return all
end

-- What is to end, what is to stay, and members of an index without a record.
local doomed, plan, spared, ghosts = {}, {}, {}, {}

local function doom(record)
  if record and not doomed[record.member] and not spared[record.member] then
    doomed[record.member] = true
    plan[#plan + 1] = record
  end
end

-- The records of an index.
local function all_of(index)
  local records = {}
  for _, member in ipairs(call('ZRANGE', index, 0, -1)) do
    local record = read(member)
    if record then
      records[#records + 1] = record
    else
      ghosts[#ghosts + 1] = { index, member }
    end
  end
  return records
end

-- A series, with every session that it restored.
local function doom_series(series)
  doom(read('1:' .. series))
  for _, session in ipairs(all_of(of_series(series))) do doom(session) end
end

-- A new record among the arguments, or none.
local function argument(at)
  local member = ARGV[at]
  if member == '' then return nil end
  spared[member] = true
  return {
    member = member, h = ARGV[at + 1], u = ARGV[at + 2], r = ARGV[at + 3], c = ARGV[at + 4],
    s = ARGV[at + 5], e = ARGV[at + 6], v = ARGV[at + 7], b = ARGV[at + 8], ttl = tonumber(ARGV[at + 9]),
  }
end

-- Is there room for one more of the strangers in its part? What the plan ends makes room.
local function has_room(record, bound)
  if record.u ~= '' then return true end
  local index = strangers(record.member)
  if call('ZCOUNT', index, '(' .. now, '+inf') < bound then return true end
  local count = 0
  for _, other in ipairs(all_of(index)) do
    if alive(other) and not doomed[other.member] then count = count + 1 end
  end
  return count < bound
end

-- In the indexes of the record, which last as long as what is in them.
local function file(record, ttl)
  for _, index in ipairs(indexes(record)) do
    call('ZADD', index, record.e, record.member)
    if call('PTTL', index) < (ttl + 1) * 1000 then call('EXPIRE', index, ttl + 1) end
  end
end

local function put(record, nonce)
  call('HSET', key(record.member), 'h', record.h, 'u', record.u, 'r', record.r, 'c', record.c,
    's', record.s, 'e', record.e, 'v', record.v, 'b', record.b, 'n', nonce)
  call('EXPIRE', key(record.member), record.ttl)
  file(record, record.ttl)
end

local function remove(record)
  call('DEL', key(record.member))
  for _, index in ipairs(indexes(record)) do call('ZREM', index, record.member) end
end

-- In a slot that is moving to another node, a key that has moved is an error:
-- here, and not when half is written.
local function reach(record)
  call('EXISTS', unpack(indexes(record)))
end

-- Plans to forget what has expired: with its record, or a server whose clock is
-- behind would hold a session alive that no index knows.
local function doom_expired(index)
  for _, member in ipairs(call('ZRANGEBYSCORE', index, '-inf', now, 'LIMIT', 0, 100)) do
    local record = read(member)
    if not record then
      ghosts[#ghosts + 1] = { index, member }
    elseif not alive(record) then
      doom(record)
    end
  end
end

-- PUBLISH comes before the first write, so that a user who may not publish
-- changes nothing, and new records come before the rest, because memory that is
-- full refuses the first write and no later one.
local function commit(new, nonce)
  for _, record in ipairs(new) do
    for _, index in ipairs(indexes(record)) do doom_expired(index) end
  end
  for _, record in ipairs(plan) do reach(record) end
  local told = {}
  for _, record in ipairs(plan) do
    local home = record.member:sub(3, 6)
    if not told[home] then call('PUBLISH', prefix .. ':ended', home) end
    told[home] = true
  end
  for _, record in ipairs(new) do
    put(record, nonce)
    if not alive(record) then remove(record) end
  end
  for _, record in ipairs(plan) do remove(record) end
  for _, ghost in ipairs(ghosts) do
    if not spared[ghost[2]] then call('ZREM', ghost[1], ghost[2]) end
  end
end

