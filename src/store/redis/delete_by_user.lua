-- user, session to leave alone or none

local except = ARGV[4] ~= '' and read('0:' .. ARGV[4]) or nil
if except then
  spared[except.member] = true
  spared['1:' .. except.r] = true
end
for _, record in ipairs(all_of(of_user(ARGV[3]))) do doom(record) end
commit({})
return #plan
