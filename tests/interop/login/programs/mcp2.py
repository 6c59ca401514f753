from urllib.parse import parse_qs, urlparse

from mcp import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client
from mcp.shared.auth import OAuthClientMetadata
from memory import Memory
from steps import Callback, open_browser, run, serve, url


async def main():
    callback = Callback()

    async def code():
        query = parse_qs(urlparse(await callback.path()).query)
        return AuthorizationCodeResult(**{name: values[0] for name, values in query.items()})

    metadata = OAuthClientMetadata(
        client_name="A client of the tests",
        redirect_uris=[callback.redirect],
        grant_types=["authorization_code", "refresh_token"],
        response_types=["code"],
    )
    auth = OAuthClientProvider(url, metadata, Memory(), open_browser, code)
    async with create_mcp_http_client(auth=auth) as http:
        async with Client(streamable_http_client(url, http_client=http)) as client:

            async def tools():
                return [tool.name for tool in (await client.list_tools()).tools]

            async def call(name, arguments):
                result = await client.call_tool(name, arguments)
                return " ".join(part.text for part in result.content)

            await serve(tools, call)


run(main)
