import { APICallError, LoadAPIKeyError, LoadSettingError, RetryError } from 'ai';
import { CommandError, exitCodes, usageError } from '../../lib/failure.ts';
import { networkReason } from '../../lib/watched-fetch.ts';
import type { ModelChoice, Provider } from './choice.ts';

const keyNames: Record<Provider, string> = {
  bedrock: 'AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN (or AWS_BEARER_TOKEN_BEDROCK) and AWS_REGION',
  anthropic: 'ANTHROPIC_API_KEY',
  'openai-compatible': 'OPENAI_API_KEY',
};

/** Explains a model's error. Leaves out the provider's own text, because some providers quote the key. */
export function explainModelError(error: unknown, choice: ModelChoice, signal: AbortSignal): CommandError {
  if (signal.aborted) return new CommandError(exitCodes.interrupted, 'Stopped.', { cause: error });
  const cause = RetryError.isInstance(error) ? error.lastError : error;
  if (cause instanceof CommandError) return cause;
  const at = `The model ${choice.model} (${choice.provider})`;
  const { name } = cause as { name?: unknown };
  if (name === 'TimeoutError' || name === 'AbortError')
    return failed(`${at} did not answer in time.`, error, 'Increase --timeout.');
  if (LoadAPIKeyError.isInstance(cause) || LoadSettingError.isInstance(cause))
    return refused(`${at} cannot be used: its settings are missing.`, choice.provider, error);
  if (APICallError.isInstance(cause)) return explainStatus(cause, choice, at);
  return failed(`${at} failed: its response does not match its API.`, error);
}

function explainStatus(error: APICallError, { provider, model }: ModelChoice, at: string): CommandError {
  const { statusCode: status } = error;
  if (status === undefined) {
    const where = URL.parse(error.url)?.origin ?? 'its address';
    return failed(`${at} cannot be reached at ${where} (${networkReason(error)}).`, error);
  }
  if (status === 401) return refused(`${at}: the key is rejected (401).`, provider, error);
  if (status === 403) {
    const more = provider === 'bedrock' ? ' or has no access to this model' : '';
    return refused(`${at}: the key is rejected${more} (403).`, provider, error);
  }
  if (status === 404)
    return usageError(`${at} does not exist (404).`, [`Is ${JSON.stringify(model)} its name at this provider?`], error);
  if (status === 429)
    return failed(
      `${at} rejects further requests for now (429).`,
      error,
      'The agent tried three times. Try again later.',
    );
  if (status === 400 || status === 422)
    return usageError(
      `${at} rejects the request (${status}).`,
      ['Does this model support tools? Is its name right?'],
      error,
    );
  if (status >= 200 && status < 300) return failed(`${at}: its response does not match its API.`, error);
  return failed(`${at} could not answer (${status}).`, error);
}

function refused(message: string, provider: Provider, cause: unknown): CommandError {
  return usageError(message, [`Check ${keyNames[provider]}.`], cause);
}

function failed(message: string, cause: unknown, ...hints: string[]): CommandError {
  return new CommandError(exitCodes.failed, message, { hints, cause });
}
