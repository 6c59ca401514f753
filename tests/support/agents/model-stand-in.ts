import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { text as readAll } from 'node:stream/consumers';
import * as z from 'zod';
import { listen } from '../servers/mcp-clients.ts';

/** One turn of a model: a tool call or an answer. */
export type Move = { tool: string; input: Record<string, unknown> } | { text: string };

/** A scripted model behind one of the three APIs. */
export interface ModelStandIn {
  base: string;
  /** The received requests. */
  requests: { url: string; headers: IncomingHttpHeaders; body: Body }[];
  /** Returns the move of a turn (from 0) for the last message. */
  play: (turn: number, shown: string) => Move;
  /** If set, the answer to every request. */
  broken: { status: number; body: string; headers?: Record<string, string> } | undefined;
  close: () => void;
}

const bodySchema = z.looseObject({ messages: z.array(z.looseObject({ role: z.string() })) });
type Body = z.infer<typeof bodySchema>;

/** Starts the stand-in for OpenAI's chat completions, Anthropic's messages and Bedrock's Converse, chosen by path. */
export async function startModel(): Promise<ModelStandIn> {
  const { base, close } = await listen(async (req, res) => {
    const body = bodySchema.parse(JSON.parse(await readAll(req)));
    model.requests.push({ url: req.url ?? '', headers: req.headers, body });
    res.setHeader('Content-Type', 'application/json');
    if (model.broken) {
      res.writeHead(model.broken.status, model.broken.headers);
      return void res.end(model.broken.body);
    }
    const turn = body.messages.filter(({ role }) => role === 'assistant').length;
    const move = model.play(turn, JSON.stringify(body.messages.at(-1)));
    res.end(JSON.stringify(shapeFor(req)(move, turn)));
  });
  const model: ModelStandIn = {
    base,
    close,
    requests: [],
    broken: undefined,
    play: () => ({ text: 'nothing to say' }),
  };
  return model;
}

function shapeFor({ url = '' }: IncomingMessage): (move: Move, turn: number) => object {
  if (url.endsWith('/chat/completions')) return openAi;
  return url.endsWith('/messages') ? anthropic : bedrock;
}

function openAi(move: Move, turn: number): object {
  const call = 'tool' in move && {
    id: `call${turn}`,
    type: 'function',
    function: { name: move.tool, arguments: JSON.stringify(move.input) },
  };
  const message = {
    role: 'assistant',
    content: 'text' in move ? move.text : null,
    ...(call && { tool_calls: [call] }),
  };
  const choice = { index: 0, finish_reason: call ? 'tool_calls' : 'stop', message };
  const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
  return { id: 'x', object: 'chat.completion', created: 1, model: 'm', choices: [choice], usage };
}

function anthropic(move: Move, turn: number): object {
  const part =
    'tool' in move
      ? { type: 'tool_use', id: `toolu_${turn}`, name: move.tool, input: move.input }
      : { type: 'text', text: move.text };
  const stop_reason = 'tool' in move ? 'tool_use' : 'end_turn';
  const usage = { input_tokens: 1, output_tokens: 1 };
  return {
    id: 'msg',
    type: 'message',
    role: 'assistant',
    model: 'm',
    content: [part],
    stop_reason,
    stop_sequence: null,
    usage,
  };
}

function bedrock(move: Move, turn: number): object {
  const part =
    'tool' in move
      ? { toolUse: { toolUseId: `tooluse_${turn}`, name: move.tool, input: move.input } }
      : { text: move.text };
  const stopReason = 'tool' in move ? 'tool_use' : 'end_turn';
  const usage = { inputTokens: 1, outputTokens: 1, totalTokens: 2 };
  return { output: { message: { role: 'assistant', content: [part] } }, stopReason, usage, metrics: { latencyMs: 1 } };
}
