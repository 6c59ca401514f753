from fastmcp import Client
from steps import run, serve, url


async def main():
    async with Client(url, auth="oauth") as client:

        async def tools():
            return [tool.name for tool in await client.list_tools()]

        async def call(name, arguments):
            result = await client.call_tool(name, arguments)
            return " ".join(part.text for part in result.content)

        await serve(tools, call)


run(main)
