from llama_index.tools.mcp import BasicMCPClient
from steps import headers, run, take, text_of, url


async def main():
    client = BasicMCPClient(url, headers=headers)

    async def tools():
        return [tool.name for tool in (await client.list_tools()).tools]

    async def prompts():
        return [prompt.name for prompt in (await client.list_prompts()).prompts]

    async def call(name, arguments):
        return text_of(await client.call_tool(name, arguments))

    await take(tools, call, prompts)


run(main)
