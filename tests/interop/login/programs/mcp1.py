from urllib.parse import parse_qs, urlparse

from mcp import ClientSession
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamablehttp_client
from mcp.shared.auth import OAuthClientMetadata
from memory import Memory
from steps import Callback, open_browser, run, serve, url


async def main():
    callback = Callback()

    async def code():
        query = parse_qs(urlparse(await callback.path()).query)
        return query["code"][0], query.get("state", [None])[0]

    metadata = OAuthClientMetadata(
        client_name="A client of the tests",
        redirect_uris=[callback.redirect],
        grant_types=["authorization_code", "refresh_token"],
        response_types=["code"],
    )
    auth = OAuthClientProvider(url, metadata, Memory(), open_browser, code)
    async with streamablehttp_client(url, auth=auth) as (read, write, _):
        async with ClientSession(read, write) as client:
            await client.initialize()

            async def tools():
                return [tool.name for tool in (await client.list_tools()).tools]

            async def call(name, arguments):
                result = await client.call_tool(name, arguments)
                return " ".join(part.text for part in result.content)

            await serve(tools, call)


run(main)
