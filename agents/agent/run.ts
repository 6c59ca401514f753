import { text as readAll } from 'node:stream/consumers';
import type { ModelMessage } from 'ai';
import { openIdentity } from '../gateway/identity.ts';
import { type Run, report, settingsFor } from '../lib/command.ts';
import { CommandError, type ExitCode, exitCodes, usageError } from '../lib/failure.ts';
import type { Settings } from '../lib/settings.ts';
import { createAsk } from './ask.ts';
import { chooseModel, idleProviders, type ModelChoice } from './model/choice.ts';
import { openTools } from './one-entry.ts';
import type { AgentOptions } from './options.ts';
import type { Answer, Session } from './session.ts';

/** Answers one message, with a model or offline. */
type AnswerTo = (message: string) => Promise<Answer>;

/**
 * Runs `agent`.
 * @returns ok; denied, if the gateway denied a call and allowed none
 * @throws {CommandError}
 */
export async function runAgent(run: Run<AgentOptions>): Promise<ExitCode> {
  const { context, print, options } = run;
  const read = settingsFor(context, print, options);
  const registryUrl = readRegistryUrl(options.mcpRegistryUrl ?? read.registryUrl);
  // A session belongs to one gateway. This command asks the gateway of this address, not that of REGISTRY_URL.
  const settings: Settings = { ...read, gateway: new URL(registryUrl).origin };
  const choice = options.offline ? undefined : chooseModel(settings, options);
  if (!choice) noteOffline(run, settings);
  const ask = createAsk(context);
  const interactive = options.interactive === true || (options.message === undefined && ask.possible);
  const message = interactive ? options.message : (options.message ?? (await readAll(context.stdin)));
  if (!interactive && !message?.trim()) throw usageError('There is no question: --message "…".');

  print.progress(`connecting to ${registryUrl} …`);
  const identity = await openIdentity(context, settings, options, print);
  const callMs = options.timeout * 1000;
  const { signal } = context;
  const toolbox = await openTools({ settings, registryUrl, identity, print, signal, callMs });
  const { verbose = false, yes = false } = options;
  const session: Session = { toolbox, print, ask, verbose, yes, calls: [], signal };
  try {
    const answerTo = choice ? await byModel(session, choice, options) : await offline(session);
    if (interactive) return await converse(run, session, answerTo, message);
    return await answer(run, session, answerTo, message ?? '', choice);
  } finally {
    print.progress('');
    await toolbox.close();
  }
}

/** Checks the address, because the caller's credentials go there and its path names the server that finds or offers tools. */
function readRegistryUrl(text: string): string {
  const url = URL.parse(text);
  if (url && /^https?:$/.test(url.protocol) && !url.username && /^(\/[^/]+)?\/(mcp|sse)$/.test(url.pathname))
    return url.href;
  throw usageError(`${JSON.stringify(text)} is not an address of mcpgw, or of several servers, behind the gateway.`, [
    'Example: http://localhost:8080/mcpgw/sse, or http://localhost:8080/mcp.',
  ]);
}

function noteOffline({ print, options }: Run<AgentOptions>, settings: Settings): void {
  if (options.offline) return;
  const idle = idleProviders(settings);
  if (idle.length > 0)
    print.note(
      print.style(
        'dim',
        `(Keys are set for ${idle.join(', ')}, but no model: use --model or MODEL. Answering offline.)`,
      ),
    );
  else print.debug('no model is set (--model, MODEL): answering offline');
}

async function offline(session: Session): Promise<AnswerTo> {
  const { answerOffline } = await import('./offline/run.ts');
  return (message) => answerOffline(session, message);
}

async function byModel(session: Session, choice: ModelChoice, options: AgentOptions): Promise<AnswerTo> {
  const [{ openModel }, { answerByModel }] = await Promise.all([
    import('./model/provider.ts'),
    import('./model/run.ts'),
  ]);
  const model = await openModel(choice, session.print);
  const totalMs = options.timeout * 1000;
  const limits = { steps: options.maxSteps, totalMs, stepMs: totalMs };
  const history: ModelMessage[] = [];
  return (message) => answerByModel(session, { model, choice, limits, history }, message);
}

async function answer(
  { print, options }: Run<AgentOptions>,
  session: Session,
  answerTo: AnswerTo,
  message: string,
  choice?: ModelChoice,
): Promise<ExitCode> {
  const { text, value } = await answerTo(message.trim());
  const by = choice ? { mode: 'model', provider: choice.provider, model: choice.model } : { mode: 'offline' };
  // An answer is prose, so it becomes JSON only on request, not because stdout is a pipe.
  if (options.json)
    print.result({ answer: text, ...by, calls: session.calls, ...(value !== undefined && { value }) }, () => text);
  else print.text(text);
  return endOf(session);
}

/** Reports denials to scripts, whatever the model wrote about them. */
function endOf({ calls, print }: Session): ExitCode {
  const denied = calls.filter(({ state }) => state === 'denied');
  for (const { server, tool } of denied) print.note(`${print.style('red', 'denied')} ${server} / ${tool}`);
  return denied.length > 0 && !calls.some(({ state }) => state === 'ok') ? exitCodes.denied : exitCodes.ok;
}

async function converse(
  { context, print }: Run<AgentOptions>,
  session: Session,
  answerTo: AnswerTo,
  first: string | undefined,
): Promise<ExitCode> {
  if (!session.ask.possible) throw usageError('--interactive needs a terminal.', ['Use --message instead.']);
  print.note(print.style('dim', 'End with an empty line or Ctrl-D.'));
  for (let message = first; ; message = undefined) {
    const said = message ?? (await session.ask.line('> ').catch(endOfInput));
    if (said === '' || context.signal.aborted) return exitCodes.ok;
    try {
      print.text((await answerTo(said)).text);
    } catch (error) {
      // A failed question does not end the conversation; an expired login does.
      if (report(print, error) === exitCodes.notLoggedIn) return exitCodes.notLoggedIn;
    }
  }
}

function endOfInput(error: unknown): string {
  if (error instanceof CommandError && error.exitCode === exitCodes.interrupted) return '';
  throw error;
}
