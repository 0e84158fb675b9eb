local co = coroutine.wrap(function() while true do coroutine.yield(1) end end)
for i = 1, 10 do co() end
print(pcall(string.rep, "x", 1 << 30), xpcall(error, print, "e"), load("return 1")())
print(("a"):rep(50):find(".-.-.-b"))
