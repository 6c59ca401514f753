import * as z from 'zod';
import { setting } from '../setting.ts';

const text = z.string().optional();
const address = z
  .string()
  .refine((value) => /^https?:$/.test(URL.parse(value)?.protocol ?? ''), 'must be an http or https URL');
const anthropic = 'the key of an Anthropic account';

/** The model of `mcp-gateway agent`. These settings go into `agents/.env.agent` or `agents/.env.user`. */
export const agentModelSettings = {
  MODEL: setting(text, ['agent'], {
    purpose: "the model's name at its provider; `--model` takes precedence",
    shownDefault: 'none: the agent works offline ([agent.md](agent.md))',
  }),
  MODEL_PROVIDER: setting(z.enum(['bedrock', 'anthropic', 'openai-compatible']).optional(), ['agent'], {
    purpose: 'the provider of the model: `bedrock`, `anthropic` or `openai-compatible`; `--provider` takes precedence',
    shownDefault: 'the one whose key is set',
  }),
  ANTHROPIC_API_KEY: setting(text, ['agent'], { purpose: anthropic, secret: true }),
  ANTHROPIC_BASE_URL: setting(address.default('https://api.anthropic.com/v1'), ['agent'], {
    purpose: 'the address of that API',
  }),
  OPENAI_API_KEY: setting(text, ['agent'], {
    purpose: 'the key for `OPENAI_BASE_URL`; an endpoint on your own machine often needs none',
    secret: true,
  }),
  OPENAI_BASE_URL: setting(address.default('https://api.openai.com/v1'), ['agent'], {
    purpose: "an endpoint with OpenAI's chat completions API: OpenAI, Ollama, vLLM, LiteLLM …",
  }),
  AWS_ACCESS_KEY_ID: setting(text, ['agent'], {
    purpose:
      'the access key for Amazon Bedrock in the region `AWS_REGION`. Profiles are not read; use `eval "$(aws configure export-credentials --format env)"`',
  }),
  AWS_SECRET_ACCESS_KEY: setting(text, ['agent'], { purpose: 'the secret of that key', secret: true }),
  AWS_SESSION_TOKEN: setting(text, ['agent'], { purpose: 'its session token, if it is temporary', secret: true }),
  AWS_BEARER_TOKEN_BEDROCK: setting(text, ['agent'], {
    purpose: 'an API key of Bedrock, instead of the three above',
    secret: true,
  }),
  AWS_ENDPOINT_URL_BEDROCK_RUNTIME: setting(address.optional(), ['agent'], {
    purpose: 'another endpoint of Bedrock, such as a private one',
    shownDefault: "the region's",
  }),
};
