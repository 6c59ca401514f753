from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport
from steps import headers, run, take, text_of, url


async def main():
    async with Client(StreamableHttpTransport(url, headers=headers)) as client:

        async def tools():
            return [tool.name for tool in await client.list_tools()]

        async def prompts():
            return [prompt.name for prompt in await client.list_prompts()]

        async def call(name, arguments):
            return text_of(await client.call_tool(name, arguments))

        await take(tools, call, prompts)


run(main)
