local t = {3, 1, 2, x = 1, y = {}}
for k, v in pairs(t) do print(k, v) end
table.sort(t, function(a, b) return a > b end)
print(string.format("%5.2f %s %q", math.random(), tostring(t), "a\n"))
