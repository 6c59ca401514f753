-- One request over and over: its headers and body as they stand in the environment.
wrk.method = os.getenv("BENCH_METHOD")
if wrk.method == "POST" then wrk.body = os.getenv("BENCH_BODY") end
for line in string.gmatch(os.getenv("BENCH_HEADERS"), "[^\n]+") do
  local name, value = line:match("^(.-): (.*)$")
  wrk.headers[name] = value
end
