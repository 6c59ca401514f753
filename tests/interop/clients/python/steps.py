"""The steps that every client takes: list, call, a call that the gateway refuses, the first call again, and prompts.

Each step prints one line of JSON: {"step": …, "ok": …} or {"step": …, "error": …}.
"""

import asyncio
import json
import sys

url, token = sys.argv[1], sys.argv[2]
headers = {"Authorization": f"Bearer {token}"}
good = ("echo", {"message": "hello"})
refused = ("get-sum", {"a": 1, "b": 2})


def told(error: BaseException) -> str:
    inner = getattr(error, "exceptions", None)
    return told(inner[0]) if inner else f"{type(error).__name__}: {error}"


async def step(name, action):
    try:
        answer = {"ok": await asyncio.wait_for(action(), 20)}
    except BaseException as error:  # a client may cancel its caller
        answer = {"error": told(error)}
    print(json.dumps({"step": name, **answer}), flush=True)


def text_of(result) -> str:
    failed = getattr(result, "is_error", None) or getattr(result, "isError", False)
    text = "".join(getattr(part, "text", "") for part in result.content)
    if failed:
        raise RuntimeError(text)
    return text


async def take(list_tools, call, list_prompts=None):
    """list_tools and list_prompts give names, call takes a tool and its arguments and gives a text"""
    await step("list", list_tools)
    await step("call", lambda: call(*good))
    await step("refused", lambda: call(*refused))
    await step("again", lambda: call(*good))
    if list_prompts:
        await step("prompts", list_prompts)


def run(main):
    try:
        asyncio.run(main())
    except BaseException as error:
        print(json.dumps({"step": "session", "error": told(error)}), flush=True)
