import { text as readAll } from 'node:stream/consumers';
import type { ModelMessage } from 'ai';
import { openIdentity } from '../gateway/identity.ts';
import { type Run, report, settingsFor } from '../lib/command.ts';
import { CommandError, type ExitCode, exitCodes } from '../lib/failure.ts';
import type { Settings } from '../lib/settings.ts';
import { createAsk } from './ask.ts';
import { chooseModel, idleProviders, type ModelChoice } from './model/choice.ts';
import type { AgentOptions } from './options.ts';
import type { Answer, Session } from './session.ts';
import { openToolbox } from './toolbox.ts';

/** Answers one message, the way the settings choose. */
type AnswerTo = (message: string) => Promise<Answer>;

/**
 * The work of `agent`.
 * @returns ok; denied, if a call was denied and none got through
 * @throws {CommandError} as the parts do
 */
export async function runAgent(run: Run<AgentOptions>): Promise<ExitCode> {
  const { context, print, options } = run;
  const read = settingsFor(context, print, options);
  const registryUrl = readRegistryUrl(options.mcpRegistryUrl ?? read.registryUrl);
  // A session is for one gateway only; what is asked here is the gateway at this address, whatever REGISTRY_URL says.
  const settings: Settings = { ...read, gateway: new URL(registryUrl).origin };
  const choice = options.offline ? undefined : chooseModel(settings, options);
  if (!choice) sayOffline(run, settings);
  const ask = createAsk(context);
  const interactive = options.interactive === true || (options.message === undefined && ask.possible);
  const message = interactive ? options.message : (options.message ?? (await readAll(context.stdin)));
  if (!interactive && !message?.trim()) throw new CommandError(exitCodes.usage, 'There is no question: --message "…".');

  print.progress(`connecting to ${registryUrl} …`);
  const identity = await openIdentity(context, settings, options, print);
  const callMs = options.timeout * 1000;
  const { signal } = context;
  const toolbox = await openToolbox({ settings, registryUrl, identity, print, signal, callMs });
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

/** The caller's credentials go to this address, so it must be one, and say which server of the gateway finds tools. */
function readRegistryUrl(text: string): string {
  const url = URL.parse(text);
  if (url && /^https?:$/.test(url.protocol) && !url.username && /^\/[^/]+\/(mcp|sse)$/.test(url.pathname))
    return url.href;
  throw new CommandError(exitCodes.usage, `${JSON.stringify(text)} is no address of mcpgw behind the gateway.`, {
    hints: ['It looks like http://localhost:8080/mcpgw/sse, or …/mcpgw/mcp.'],
  });
}

function sayOffline({ print, options }: Run<AgentOptions>, settings: Settings): void {
  if (options.offline) return;
  const idle = idleProviders(settings);
  if (idle.length > 0)
    print.note(
      print.style(
        'dim',
        `(There are keys for ${idle.join(', ')}, but no model is named: --model or MODEL. Answering offline.)`,
      ),
    );
  else print.debug('no model is named (--model, MODEL): answering offline');
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
  // An answer is prose: piped on it stays what it is, unless JSON is asked for.
  if (options.json)
    print.result({ answer: text, ...by, calls: session.calls, ...(value !== undefined && { value }) }, () => text);
  else print.text(text);
  return endOf(session);
}

/** Whatever a model makes of a denial, a script has to learn of it. */
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
  if (!session.ask.possible)
    throw new CommandError(exitCodes.usage, '--interactive needs a terminal.', {
      hints: ['Ask by --message instead.'],
    });
  print.note(print.style('dim', 'An empty line or Ctrl-D ends it.'));
  for (let message = first; ; message = undefined) {
    const said = message ?? (await session.ask.line('> ').catch(endOfInput));
    if (said === '' || context.signal.aborted) return exitCodes.ok;
    try {
      print.text((await answerTo(said)).text);
    } catch (error) {
      // One question that cannot be answered does not end the conversation; a login that has ended does.
      if (report(print, error) === exitCodes.notLoggedIn) return exitCodes.notLoggedIn;
    }
  }
}

function endOfInput(error: unknown): string {
  if (error instanceof CommandError && error.exitCode === exitCodes.interrupted) return '';
  throw error;
}
