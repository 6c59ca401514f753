import { CommandError, exitCodes } from '../lib/failure.ts';
import type { Print } from '../lib/print.ts';
import { safeText } from '../lib/print.ts';
import type { Ask } from './ask.ts';
import type { Toolbox, ToolOutcome } from './toolbox.ts';

/** One call that the agent made, for `--json` and for the exit code. */
interface MadeCall {
  server: string;
  tool: string;
  arguments: Record<string, unknown>;
  state: ToolOutcome['state'] | 'not run';
}

/** What the agent needs for an answer. */
export interface Session {
  toolbox: Toolbox;
  print: Print;
  ask: Ask;
  verbose: boolean;
  /** Run tools that may change something without asking. */
  yes: boolean;
  calls: MadeCall[];
  signal: AbortSignal;
}

/** The answer to one question. */
export interface Answer {
  text: string;
  /** The same as data, if there is more than text. */
  value?: unknown;
}

/**
 * Calls a tool as the caller, and reports the call. Asks the user first unless the tool declares itself read-only: the
 * question may come from an untrusted text.
 * @throws {CommandError} notLoggedIn, unreachable
 */
export async function callTool(
  session: Session,
  server: string,
  tool: string,
  args: Record<string, unknown>,
): Promise<ToolOutcome | undefined> {
  const { toolbox, print } = session;
  const shown = `${server} / ${tool} ${JSON.stringify(args)}`;
  print.progress(`calling ${server} / ${tool} …`);
  const call: MadeCall = { server, tool, arguments: args, state: 'not run' };
  session.calls.push(call);
  const kind = session.yes ? 'reads' : await kindOf(session, server, tool);
  if (kind !== 'reads' && !(await agreed(session, shown))) {
    if (session.verbose) print.note(print.style('dim', safeText(`not run  ${shown}`)));
    if (kind === 'acts') return undefined;
    call.state = kind.state;
    return kind;
  }
  const began = performance.now();
  const outcome = await toolbox.call(server, tool, args);
  call.state = outcome.state;
  if (session.verbose) print.note(print.style('dim', safeText(line(shown, outcome, performance.now() - began))));
  return outcome;
}

function line(shown: string, { state, text }: ToolOutcome, ms: number): string {
  return `${state.padEnd(7)}  ${shown.slice(0, 500)}  ${Math.round(ms)} ms, ${text.length} characters`;
}

async function agreed({ ask }: Session, shown: string): Promise<boolean> {
  return await ask.yes(`${shown.slice(0, 1000)}\nThis tool may change something. Run it?`);
}

/**
 * Whether a tool is read-only, by its server's annotations (MCP, ToolAnnotations). A tool missing in the caller's list
 * counts as read-only, because the gateway will deny the call.
 * @returns the outcome `failed` or `denied` if the tools cannot be listed
 */
async function kindOf({ toolbox }: Session, server: string, tool: string): Promise<'reads' | 'acts' | ToolOutcome> {
  try {
    const found = (await toolbox.tools(server)).find(({ name }) => name === tool);
    return found === undefined || found.annotations?.readOnlyHint === true ? 'reads' : 'acts';
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    if (error.exitCode === exitCodes.failed) return { state: 'failed', text: error.message };
    if (error.exitCode !== exitCodes.denied) throw error;
    const why =
      'You may not list its tools, so the agent cannot tell whether this one changes something; --yes runs it.';
    return { state: 'denied', text: `${error.message}\n${why}` };
  }
}
