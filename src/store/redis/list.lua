-- kind, user

local found = {}
for _, record in ipairs(all_of(of_user(ARGV[4]))) do
  if record.member:sub(1, 1) == ARGV[3] and alive(record) then
    local fields = call('HMGET', key(record.member), 'h', 'u', 'r', 'c', 's', 'e', 'v', 'b')
    found[#found + 1] = { record.member:sub(3), fields }
  end
end
commit({})
return found
