import type { LanguageModel } from 'ai';
import type { Print } from '../../lib/print.ts';
import { watchFetch } from '../../lib/watched-fetch.ts';
import type { ModelChoice } from './choice.ts';

/** Opens the chosen model. Loads its library only here, because it is large. */
export async function openModel({ provider, model, settings }: ModelChoice, print: Print): Promise<LanguageModel> {
  const watched = watchFetch(print);
  // The libraries may pass Request objects; watchFetch takes only addresses.
  const fetch = ((input: string | URL | Request, init?: RequestInit) =>
    input instanceof Request ? globalThis.fetch(input, init) : watched(input, init)) as typeof globalThis.fetch;
  if (provider === 'anthropic') {
    const { createAnthropic } = await import('@ai-sdk/anthropic');
    return createAnthropic({ baseURL: settings.ANTHROPIC_BASE_URL, ...key(settings.ANTHROPIC_API_KEY), fetch })(model);
  }
  if (provider === 'openai-compatible') {
    const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible');
    const baseURL = settings.OPENAI_BASE_URL;
    return createOpenAICompatible({ name: 'openai-compatible', baseURL, ...key(settings.OPENAI_API_KEY), fetch })(
      model,
    );
  }
  const { createAmazonBedrock } = await import('@ai-sdk/amazon-bedrock');
  const { AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = settings;
  const endpoint = settings.AWS_ENDPOINT_URL_BEDROCK_RUNTIME;
  return createAmazonBedrock({
    ...(AWS_REGION && { region: AWS_REGION }),
    ...(endpoint && { baseURL: endpoint }),
    ...key(settings.AWS_BEARER_TOKEN_BEDROCK),
    ...(AWS_ACCESS_KEY_ID && { accessKeyId: AWS_ACCESS_KEY_ID }),
    ...(AWS_SECRET_ACCESS_KEY && { secretAccessKey: AWS_SECRET_ACCESS_KEY }),
    ...(AWS_SESSION_TOKEN && { sessionToken: AWS_SESSION_TOKEN }),
    fetch,
  })(model);
}

function key(apiKey: string | undefined): { apiKey?: string } {
  return apiKey === undefined ? {} : { apiKey };
}
