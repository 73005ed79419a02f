-- What wrk sends: the same prebuilt body each time, read from the file that BODY names.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
wrk.body = io.open(os.getenv("BODY"), "rb"):read("*a")
