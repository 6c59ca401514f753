from agents.mcp import MCPServerStreamableHttp
from steps import headers, run, take, text_of, url


async def main():
    async with MCPServerStreamableHttp(params={"url": url, "headers": headers}) as server:

        async def tools():
            return [tool.name for tool in await server.list_tools()]

        async def prompts():
            return [prompt.name for prompt in (await server.list_prompts()).prompts]

        async def call(name, arguments):
            return text_of(await server.call_tool(name, arguments))

        await take(tools, call, prompts)


run(main)
