import * as z from 'zod';
import { setting } from './setting.ts';

const text = z.string().optional();
const address = z
  .string()
  .refine((value) => /^https?:$/.test(URL.parse(value)?.protocol ?? ''), 'must be an http or https URL');
const anthropic = 'the key of an Anthropic account';
const secret = { secret: true } as const;

/** Which model `mcp-gateway agent` asks. They go into `agents/.env.agent` or `agents/.env.user`. */
export const agentModelSettings = {
  MODEL: setting(text, ['agent'], "the model's name at its provider; `--model` counts first", {
    shownDefault: 'none: the agent works offline ([agent.md](agent.md))',
  }),
  MODEL_PROVIDER: setting(
    z.enum(['bedrock', 'anthropic', 'openai-compatible']).optional(),
    ['agent'],
    'who runs the model: `bedrock`, `anthropic` or `openai-compatible`; `--provider` counts first',
    { shownDefault: 'the one whose key is there' },
  ),
  ANTHROPIC_API_KEY: setting(text, ['agent'], anthropic, secret),
  ANTHROPIC_BASE_URL: setting(address.default('https://api.anthropic.com/v1'), ['agent'], 'where that API answers'),
  OPENAI_API_KEY: setting(
    text,
    ['agent'],
    'the key for `OPENAI_BASE_URL`; endpoints on your own machine often take none',
    secret,
  ),
  OPENAI_BASE_URL: setting(
    address.default('https://api.openai.com/v1'),
    ['agent'],
    'any endpoint with the chat completions API of OpenAI: Ollama, vLLM, LiteLLM …',
  ),
  AWS_ACCESS_KEY_ID: setting(
    text,
    ['agent'],
    'for Amazon Bedrock in the region `AWS_REGION`. Profiles are not read: `eval "$(aws configure export-credentials --format env)"`',
  ),
  AWS_SECRET_ACCESS_KEY: setting(text, ['agent'], 'the secret of that key', secret),
  AWS_SESSION_TOKEN: setting(text, ['agent'], 'its session token, if it is temporary', secret),
  AWS_BEARER_TOKEN_BEDROCK: setting(text, ['agent'], 'an API key of Bedrock, instead of the three above', secret),
  AWS_ENDPOINT_URL_BEDROCK_RUNTIME: setting(
    address.optional(),
    ['agent'],
    'another endpoint of Bedrock, such as a private one',
    { shownDefault: "the region's" },
  ),
};
