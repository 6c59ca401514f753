"""What each program does: it connects, logs in on the way, and then answers the lines of standard input."""
import asyncio
import json
import os
import sys
import time
import webbrowser
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

url = sys.argv[1]
real_time = time.time


def moved_time():
    with open(os.environ["CLOCK_FILE"]) as ahead:
        return real_time() + float(ahead.read() or 0)


# These clients refresh by the expiry that they were told, so they need the gateway's clock.
time.time = moved_time


def say(answer):
    print(json.dumps(answer), flush=True)


def message(error):
    while getattr(error, "exceptions", None):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"


async def serve(tools, call):
    say({"ok": "connected"})
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        asked = json.loads(line)
        try:
            if asked["op"] == "tools":
                say({"ok": await asyncio.wait_for(tools(), 15)})
            else:
                say({"ok": await asyncio.wait_for(call(asked["name"], asked["arguments"]), 15)})
        except BaseException as error:
            say({"error": message(error)})


def run(main):
    try:
        asyncio.run(main())
    except BaseException as error:
        say({"error": message(error)})
    os._exit(0)


class Callback:
    """Waits at a loopback address for the browser to come back."""

    def __init__(self):
        self.received = None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"You may close this window.")
                outer.received = self.path

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.redirect = f"http://127.0.0.1:{self.server.server_port}/callback"
        Thread(target=self.server.serve_forever, daemon=True).start()

    async def path(self):
        while self.received is None:
            await asyncio.sleep(0.05)
        path, self.received = self.received, None
        return path


async def open_browser(at):
    webbrowser.open(at)
