from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client
from steps import headers, run, take, text_of, url


async def main():
    async with streamablehttp_client(url, headers=headers) as (read, write, _):
        async with ClientSession(read, write) as client:
            await client.initialize()

            async def tools():
                return [tool.name for tool in (await client.list_tools()).tools]

            async def prompts():
                return [prompt.name for prompt in (await client.list_prompts()).prompts]

            async def call(name, arguments):
                return text_of(await client.call_tool(name, arguments))

            await take(tools, call, prompts)


run(main)
