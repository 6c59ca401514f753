import { setTimeout as sleep } from 'node:timers/promises';
import {
  acceptedContent,
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  type InputRequests,
  inputRequired,
  type McpServer,
  type RequestStateCodec,
  type ServerContext,
} from '@modelcontextprotocol/server';
import * as z from 'zod';
import { described, said } from './reference-objects.ts';

/** Between the steps of a tool that takes time, in milliseconds. */
const step = 50;

const options = ['option1', 'option2', 'option3'];
const titled = options.map((name, index) => ({ const: `value${index + 1}`, title: `The ${name}` }));
type Form = Parameters<ServerContext['mcpReq']['elicitInput']>[0];
const form = (properties: object, message = 'Please answer'): Form =>
  ({ mode: 'form', message, requestedSchema: { type: 'object', properties } }) as Form;
const name = form({ username: { type: 'string' }, email: { type: 'string' } });
const defaults = form({
  name: { type: 'string', default: 'John Doe' },
  age: { type: 'integer', default: 30 },
  score: { type: 'number', default: 95.5 },
  status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
  verified: { type: 'boolean', default: true },
});
const enums = form({
  untitledSingle: { type: 'string', enum: options },
  titledSingle: { type: 'string', oneOf: titled },
  legacyEnum: {
    type: 'string',
    enum: ['opt1', 'opt2', 'opt3'],
    enumNames: ['Option One', 'Option Two', 'Option Three'],
  },
  untitledMulti: { type: 'array', items: { type: 'string', enum: options } },
  titledMulti: { type: 'array', items: { anyOf: titled } },
});

/** What a server may ask of its client during a call, in clients of the 2025 versions. */
export function addLegacyCalls(server: McpServer): void {
  for (const [tool, asked] of Object.entries({
    test_elicitation_sep1034_defaults: defaults,
    test_elicitation_sep1330_enums: enums,
  })) {
    server.registerTool(tool, described, async ({ mcpReq }) => elicited(await elicit(mcpReq, asked)));
  }
  const message = z.object({ message: z.string() });
  server.registerTool('test_elicitation', { ...described, inputSchema: message }, async (args, { mcpReq }) =>
    elicited(await elicit(mcpReq, { ...name, ...args } as Form)),
  );
  const prompt = z.object({ prompt: z.string() });
  server.registerTool('test_sampling', { ...described, inputSchema: prompt }, async (args, { mcpReq }) => {
    const messages = [{ role: 'user' as const, content: said(args.prompt) }];
    const params = { messages, maxTokens: 100 };
    const { content } = await mcpReq.send({ method: 'sampling/createMessage', params });
    return { content: [said(`LLM response: ${JSON.stringify(content)}`)] };
  });
  server.registerTool('test_reconnection', described, async ({ http }) => {
    http?.closeSSE?.();
    await sleep(2 * step);
    return { content: [said('The stream was closed, and this came after it.')] };
  });
}

/**
 * On the stream of the call. `mcpReq.elicitInput` writes on the GET stream, which a client opens at the same time: the request
 * is lost if the call arrives first.
 */
const elicit = (mcpReq: ServerContext['mcpReq'], params: Form) => mcpReq.send({ method: 'elicitation/create', params });

function elicited({ action, content }: { action: string; content?: object | undefined }) {
  return { content: [said(`Elicitation completed: action=${action}, content=${JSON.stringify(content ?? {})}`)] };
}

/** What a call sends before its result. */
export function addNotifyingCalls(server: McpServer): void {
  for (const tool of ['test_tool_with_logging', 'test_logging_tool']) {
    server.registerTool(tool, described, async ({ mcpReq }) => {
      for (const text of ['started', 'processing', 'completed']) {
        await mcpReq.log('info', `Tool execution ${text}`);
        await sleep(step);
      }
      return { content: [said('Logged')] };
    });
  }
  server.registerTool('test_tool_with_progress', described, async ({ mcpReq }) => {
    const progressToken = mcpReq._meta?.progressToken;
    for (const progress of [0, 50, 100]) {
      if (progressToken !== undefined)
        await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total: 100 } });
      await sleep(step);
    }
    return { content: [said('Done')] };
  });
}

const ask = (message: string, key: string) =>
  inputRequired.elicit({
    message,
    requestedSchema: { type: 'object', properties: { [key]: { type: 'string' } }, required: [key] },
  });
const sample = (text: string) =>
  inputRequired.createMessage({ messages: [{ role: 'user', content: said(text) }], maxTokens: 100 });
const inputs = {
  elicitation: { user_name: ask('What is your name?', 'name') },
  sampling: { capital_question: sample('What is the capital of France?') },
  list_roots: { client_roots: inputRequired.listRoots() },
} satisfies Record<string, InputRequests>;

const complete = (...texts: string[]) => ({ content: texts.map(said) });
const anyAnswer = z.record(z.string(), z.unknown());

/** Whether each of `requests` has an answer that fits. */
function isAnswered({ mcpReq }: ServerContext, requests: InputRequests): boolean {
  return Object.entries(requests).every(([key, { method }]) =>
    method === 'elicitation/create'
      ? acceptedContent(mcpReq.inputResponses, key, anyAnswer) !== undefined
      : mcpReq.inputResponses?.[key] !== undefined,
  );
}

function capabilities({ envelope }: ServerContext['mcpReq']): ClientCapabilities {
  return (envelope as Record<string, ClientCapabilities> | undefined)?.[CLIENT_CAPABILITIES_META_KEY] ?? {};
}

/** What a server may ask of its client during a call since 2026-07-28: by a result that wants input (SEP-2322). */
export function addModernCalls(server: McpServer, state: RequestStateCodec<number>, changed: Changes): void {
  const register = (tool: string, call: (ctx: ServerContext) => Promise<ReturnType<typeof complete>> | object) =>
    server.registerTool(tool, described, (async (ctx: ServerContext) => await call(ctx)) as never);
  for (const [kind, inputRequests] of Object.entries(inputs))
    register(`test_input_required_result_${kind}`, (ctx) =>
      isAnswered(ctx, inputRequests) ? complete('Thank you') : inputRequired({ inputRequests }),
    );
  const confirm = { confirm: ask('Please confirm', 'ok') };
  const several = { ...inputs.elicitation, ...inputs.sampling, ...inputs.list_roots };
  for (const [kind, inputRequests] of Object.entries({
    request_state: confirm,
    tampered_state: confirm,
    multiple_inputs: several,
  }))
    register(`test_input_required_result_${kind}`, async (ctx) => {
      if (ctx.mcpReq.requestState<number>() !== undefined) return complete('state-ok');
      return inputRequired({ inputRequests, requestState: await state.mint(1) });
    });
  register('test_input_required_result_multi_round', async ({ mcpReq }) => {
    const round = mcpReq.requestState<number>() ?? 0;
    if (round === 2) return complete('Three rounds');
    const inputRequests = { [`step${round + 1}`]: ask(`Step ${round + 1}`, 'answer') };
    return inputRequired({ inputRequests, requestState: await state.mint(round + 1) });
  });
  register('test_input_required_result_capabilities', ({ mcpReq }) => {
    const can = capabilities(mcpReq);
    return inputRequired({
      inputRequests: { ...(can.sampling && inputs.sampling), ...(can.elicitation && inputs.elicitation) },
    });
  });
  register('test_streaming_elicitation', () => inputRequired({ inputRequests: inputs.elicitation }));
  // The SDK refuses to ask a client for what it has not declared.
  register('test_missing_capability', () => inputRequired({ inputRequests: inputs.sampling }));
  for (const list of ['tool', 'prompt'] as const)
    register(`test_trigger_${list}_change`, () => {
      changed[`${list}sChanged`]();
      return complete('changed');
    });
  const context = { user_context: ask('What context should the prompt use?', 'context') };
  server.registerPrompt('test_input_required_result_prompt', described, ((ctx: ServerContext) =>
    isAnswered(ctx, context)
      ? { messages: [{ role: 'user', content: said('With context') }] }
      : inputRequired({ inputRequests: context })) as never);
}

/** Tells open subscriptions that a list has changed. */
export interface Changes {
  toolsChanged(): void;
  promptsChanged(): void;
}
