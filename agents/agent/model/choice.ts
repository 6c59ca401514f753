import * as z from 'zod';
import { readConfig } from '../../../common/settings/config.ts';
import { shapeFor } from '../../../common/settings/table.ts';
import { attempt } from '../../../common/text/config-error.ts';
import { usageError } from '../../lib/failure.ts';
import type { Settings } from '../../lib/settings.ts';

const schema = z.object({ ...shapeFor('agent'), AWS_REGION: z.string().optional() });

/** The settings of model providers. */
type ModelSettings = Readonly<z.output<typeof schema>>;
export type Provider = 'bedrock' | 'anthropic' | 'openai-compatible';

/** The chosen model, its provider and settings. */
export interface ModelChoice {
  provider: Provider;
  model: string;
  settings: ModelSettings;
}

/**
 * Chooses the model by options and settings.
 * @returns undefined without a model: offline
 * @throws {CommandError} usage if the provider is ambiguous or its settings are missing
 */
export function chooseModel(
  { env, file }: Settings,
  options: { model?: string | undefined; provider?: Provider | undefined },
): ModelChoice | undefined {
  const settings = read(env, file);
  const model = options.model ?? settings.MODEL;
  const wanted = options.provider ?? settings.MODEL_PROVIDER;
  if (!model) {
    if (options.provider === undefined) return undefined;
    throw usageError('--provider needs a model.', [`Set --model, or MODEL in ${file}.`]);
  }
  const ready = configured(settings, env);
  const provider = wanted ?? (ready.length === 1 ? ready[0] : ready.find((one) => one === shapeOf(model)));
  if (!provider) {
    const hints = [`Choose it with --provider, and set its key in ${file}: ${Object.values(needs).join('; or ')}.`];
    throw usageError(`Which provider runs the model ${JSON.stringify(model)}?`, hints);
  }
  if (!ready.includes(provider))
    throw usageError(`The provider ${provider} is not set up.`, [`Set in ${file}: ${needs[provider]}.`]);
  return { provider, model, settings };
}

/** The providers whose keys are set, for a remark if no model is. */
export function idleProviders({ env, file }: Settings): Provider[] {
  return configured(read(env, file), env);
}

const needs: Record<Provider, string> = {
  bedrock: 'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_BEARER_TOKEN_BEDROCK; and AWS_REGION',
  anthropic: 'ANTHROPIC_API_KEY',
  'openai-compatible': 'OPENAI_API_KEY or OPENAI_BASE_URL',
};

function configured(settings: ModelSettings, env: NodeJS.ProcessEnv): Provider[] {
  const keys = settings.AWS_ACCESS_KEY_ID && settings.AWS_SECRET_ACCESS_KEY;
  const states: [Provider, boolean][] = [
    ['bedrock', Boolean((keys || settings.AWS_BEARER_TOKEN_BEDROCK) && settings.AWS_REGION)],
    ['anthropic', Boolean(settings.ANTHROPIC_API_KEY)],
    ['openai-compatible', Boolean(settings.OPENAI_API_KEY || env.OPENAI_BASE_URL?.trim())],
  ];
  return states.flatMap(([provider, ready]) => (ready ? [provider] : []));
}

/** Bedrock's ids start with the vendor (`us.anthropic.claude-…-v1:0`) or are ARNs; Anthropic's start with claude. */
function shapeOf(model: string): Provider {
  if (/^(arn:aws|([a-z]{2,6}\.)?[a-z0-9]+\.[a-z])/.test(model)) return 'bedrock';
  return model.startsWith('claude') ? 'anthropic' : 'openai-compatible';
}

function read(env: NodeJS.ProcessEnv, file: string): ModelSettings {
  const { value, faults } = attempt(() => readConfig(schema, env));
  if (value) return value;
  throw usageError(`These settings cannot be used:\n${faults.map((fault) => `  ${fault}`).join('\n')}`, [
    `Set them in ${file}.`,
  ]);
}
