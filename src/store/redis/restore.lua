-- nonce, version, ends session, at most, bound, next series, session

local nonce, version, ends, most, bound = ARGV[3], ARGV[4], ARGV[5], ARGV[6], tonumber(ARGV[7])
local series, session = argument(8), argument(18)

-- The client of a cluster asks again when it has lost an answer.
local there = read(session.member)
if there and there.n == nonce then return 'done' end

local before = read(series.member)
if not alive(before) then return 'gone' end
if before.v ~= version then return 'conflict' end
if there then return 'taken' end

-- It goes first, or another session would have to make room for it.
if ends ~= '' then doom(read(ends)) end
if not has_room(session, bound) then return 'full' end
doom_surplus(session, { series, session }, most)
commit({ series, session }, nonce)
return 'done'
