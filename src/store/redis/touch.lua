-- member, seen, expires, ttl

local member, ttl = ARGV[3], tonumber(ARGV[6])
local record = read(member)
if not alive(record) then return 0 end
reach(record)
-- First of all: memory that is full refuses HSET as the first write, and a
-- touch needs no room.
call('EXPIRE', key(member), ttl)
call('HSET', key(member), 's', ARGV[4], 'e', ARGV[5])
record.e = ARGV[5]
file(record, ttl)
return 1
