-- A record, and a series with what it restored; each may be none.
-- member, series

if ARGV[3] ~= '' then doom(read(ARGV[3])) end
if ARGV[4] ~= '' then doom_series(ARGV[4]) end
commit({})
return #plan
