-- The second of the steps across two parts: ends the old record.
-- member, version

local old = read(ARGV[3])
if not alive(old) then return 'gone' end
if old.v ~= ARGV[4] then return 'conflict' end
doom(old)
commit({})
return 'done'
