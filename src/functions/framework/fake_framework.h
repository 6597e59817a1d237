// A stand-in for Python with functions-framework: it serves in the same way, and does what the name
// of the event's object says.
#pragma once

namespace caudal::functions {

inline constexpr const char* kFakeFramework = R"py(#!/usr/bin/env -S python3 -S
import http.server, json, os, socketserver, subprocess, sys, time

if sys.argv[1] == "-c":
    sys.exit(0)
if os.path.exists("slow_start"):
    time.sleep(3600)
if os.path.exists("broken"):
    print("ImportError: no module named broken")
    sys.exit(3)
path = sys.argv[sys.argv.index("--host") + 1].removeprefix("unix:") + ":" + sys.argv[sys.argv.index("--port") + 1]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = body["name"].split("/")[0]
        print("called for", body["name"], "by", os.getpid())
        if name == "fail":
            print("Traceback (most recent call last):\nValueError: no good\nbye")
            return self.answer(500, "went wrong")
        if name == "crash":
            os._exit(3)
        if name == "hang":
            time.sleep(3600)
        if name == "eat":
            held = []
            while True:
                held.append(bytearray(os.urandom(1 << 20)))
        if name == "fork":
            for i in range(200):
                subprocess.Popen(["sleep", "3600"], start_new_session=i % 2 == 0)
            time.sleep(3600)
        if name == "leave":
            subprocess.Popen(["sleep", "3600"], start_new_session=True)
        if name == "print":
            print("x" * 200000)
        if name == "environment":
            print(json.dumps({**os.environ, "cwd": os.getcwd()}))
        if name == "headers":
            print(json.dumps({key.lower(): value for key, value in self.headers.items()}))
        self.answer(200, "OK")

    def answer(self, status, text):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def address_string(self):
        return "local"

    def log_message(self, *_):
        pass


class Server(socketserver.UnixStreamServer):
    def get_request(self):
        request, _ = super().get_request()
        return request, ("local", 0)


print("serving from", os.getcwd())
Server(path, Handler).serve_forever()
)py";

}  // namespace caudal::functions
