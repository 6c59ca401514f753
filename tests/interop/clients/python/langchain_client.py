from langchain_mcp_adapters.client import MultiServerMCPClient
from steps import headers, run, take, url


async def main():
    client = MultiServerMCPClient({"server": {"transport": "streamable_http", "url": url, "headers": headers}})

    async def tools():
        return [tool.name for tool in await client.get_tools()]

    async def call(name, arguments):
        # LangChain knows only listed tools: a tool that was taken away meanwhile is called by the session.
        async with client.session("server") as session:
            result = await session.call_tool(name, arguments)
            if result.isError:
                raise RuntimeError(result.content[0].text)
            return result.content[0].text

    await take(tools, call)


run(main)
