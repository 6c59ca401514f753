from mcp import Client
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client
from steps import headers, run, take, text_of, url


async def main():
    async with create_mcp_http_client(headers=headers) as http:
        async with Client(streamable_http_client(url, http_client=http)) as client:

            async def tools():
                return [tool.name for tool in (await client.list_tools()).tools]

            async def prompts():
                return [prompt.name for prompt in (await client.list_prompts()).prompts]

            async def call(name, arguments):
                return text_of(await client.call_tool(name, arguments))

            await take(tools, call, prompts)


run(main)
