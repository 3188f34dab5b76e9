-- nonce, member, version, next version, body

local nonce, member = ARGV[3], ARGV[4]
local record = read(member)
if not alive(record) then return 'gone' end
-- The client of a cluster asks again when it has lost an answer.
if record.n == nonce then return 'done' end
if record.v ~= ARGV[5] then return 'conflict' end
call('HSET', key(member), 'v', ARGV[6], 'b', ARGV[7], 'n', nonce)
return 'done'
