"""A server on FastMCP, of any major version: fastmcp-server.py PORT (http|stateless|sse) PATH"""

import sys

from fastmcp import Context, FastMCP

port, mode, path = int(sys.argv[1]), sys.argv[2], sys.argv[3]
server = FastMCP("interop")


@server.tool
async def add(a: int, b: int, context: Context) -> int:
    """Adds two numbers"""
    await context.report_progress(1, 2)
    return a + b


@server.tool
def fail(reason: str) -> str:
    """Fails"""
    raise ValueError(reason)


@server.tool
def secret() -> str:
    """Not for everyone"""
    return "secret"


@server.prompt
def greeting() -> str:
    return "Say hello"


@server.resource("demo://note")
def note() -> str:
    return "A note"


@server.resource("demo://note/{number}")
def numbered(number: str) -> str:
    return f"Note {number}"


options = {"stateless_http": True, "json_response": True} if mode == "stateless" else {}
server.run("sse" if mode == "sse" else "http", host="127.0.0.1", port=port, path=path, show_banner=False, **options)
