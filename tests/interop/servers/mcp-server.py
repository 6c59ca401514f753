"""A server on the Python SDK, 2.x or 1.x: mcp-server.py PORT (http|stateless|sse)"""

import sys

try:
    from mcp.server.mcpserver import Context, MCPServer as Server
except ImportError:
    from mcp.server.fastmcp import Context, FastMCP as Server

port, mode = int(sys.argv[1]), sys.argv[2]
settings = {"host": "127.0.0.1", "port": port}
if mode == "stateless":
    settings |= {"stateless_http": True, "json_response": True}
is_old = Server.__name__ == "FastMCP"
server = Server("interop", **(settings if is_old else {}))


@server.tool()
async def add(a: int, b: int, context: Context) -> int:
    """Adds two numbers"""
    await context.report_progress(1, 2)
    return a + b


@server.tool()
def fail(reason: str) -> str:
    """Fails"""
    raise ValueError(reason)


@server.tool()
def secret() -> str:
    """Not for everyone"""
    return "secret"


@server.prompt()
def greeting() -> str:
    return "Say hello"


@server.resource("demo://note")
def note() -> str:
    return "A note"


@server.resource("demo://note/{number}")
def numbered(number: str) -> str:
    return f"Note {number}"


server.run("sse" if mode == "sse" else "streamable-http", **({} if is_old else settings))
