from pydantic_ai.mcp import MCPToolset
from steps import headers, run, take, url


async def main():
    async with MCPToolset(url, headers=headers) as server:

        async def tools():
            return [tool.name for tool in await server.list_tools()]

        async def prompts():
            return [prompt.name for prompt in await server.list_prompts()]

        async def call(name, arguments):
            return str(await server.direct_call_tool(name, arguments))

        await take(tools, call, prompts)


run(main)
