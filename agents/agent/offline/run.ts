import { parseJson } from '../../../common/text/json.ts';
import { CommandError, exitCodes } from '../../lib/failure.ts';
import { safeText } from '../../lib/print.ts';
import { coerce, typeOf } from '../json-schema.ts';
import { type Answer, callTool, type Session } from '../session.ts';
import type { FoundTool, ListedServer } from '../toolbox.ts';
import { catalogueQuestion, serversAnswer, toolsAnswer } from './catalogue.ts';
import { readMessage } from './message.ts';
import { type Candidate, type Missing, pick } from './pick.ts';

/**
 * Answers without a model: calls the tool that fits the message best, with the arguments that the message gives.
 * @throws {CommandError} failed when no tool fits or the tool fails, needsInput, denied, notLoggedIn, unreachable
 */
export async function answerOffline(session: Session, text: string): Promise<Answer> {
  const { toolbox, print } = session;
  print.progress('listing the servers …');
  const servers = await toolbox.servers();
  const question = catalogueQuestion(
    text,
    servers.map(({ name }) => name),
  );
  if (question?.about === 'servers') return serversAnswer(servers, print.width);
  if (question) {
    print.progress('listing the tools …');
    const asked = servers.filter(({ name }) => !question.server || question.server === name);
    return await toolsAnswer(toolbox, asked, print.width);
  }
  print.progress('looking for a tool …');
  const message = readMessage(text);
  const candidate = pick(await toolbox.find(text, 8), message) ?? pick(await unusable(session, servers), message);
  if (!candidate)
    throw new CommandError(
      exitCodes.failed,
      'No tool that you may use fits this question well enough to be called without a model.',
      {
        hints: [
          'mcp-gateway tools shows them; mcp-gateway call runs one.',
          'With a model (--model, MODEL) the agent understands more: docs/agent.md.',
        ],
      },
    );
  return await use(session, candidate);
}

/** Tools that the caller may know but not use: the gateway's denial explains best which right is missing. */
async function unusable({ toolbox }: Session, servers: readonly ListedServer[]): Promise<FoundTool[]> {
  const lists = servers.map(({ name }) =>
    toolbox.described(name).catch((error: unknown) => {
      if (error instanceof CommandError) return [];
      throw error;
    }),
  );
  return (await Promise.all(lists)).flat();
}

async function use(session: Session, { found, args, missing, ignored, fit }: Candidate): Promise<Answer> {
  const { print } = session;
  const name = `${found.server} / ${found.tool}`;
  const complete = { ...args, ...(await askForAll(session, name, missing)) };
  print.debug(`picked ${name}, fit ${fit.toFixed(2)}`);
  const outcome = await callTool(session, found.server, found.tool, complete);
  if (!outcome)
    throw new CommandError(exitCodes.needsInput, `${name} may change something, and you have not agreed to run it.`, {
      hints: ['--yes runs it without a question.'],
    });
  if (outcome.state === 'denied') throw new CommandError(exitCodes.denied, `${name}: ${outcome.text}`);
  if (outcome.state === 'failed') throw new CommandError(exitCodes.failed, `${name} says: ${safeText(outcome.text)}`);
  if (ignored.length > 0) print.note(print.style('dim', `(${name} ignores: ${safeText(ignored.join(', '))})`));
  return { text: readable(outcome.text) };
}

async function askForAll(
  { ask }: Session,
  tool: string,
  missing: readonly Missing[],
): Promise<Record<string, unknown>> {
  if (missing.length > 0 && !ask.possible) {
    const names = missing.map(({ name }) => name).join(', ');
    throw new CommandError(exitCodes.needsInput, `${tool} fits, but the question does not say ${names}.`, {
      hints: [...missing.map((one) => `${one.name}: ${describe(one)}`), 'Add name=value to the message.'],
    });
  }
  const args: Record<string, unknown> = {};
  for (const one of missing) {
    while (args[one.name] === undefined)
      args[one.name] = coerce(await ask.line(`${one.name} (${describe(one)}): `), one.schema);
  }
  return args;
}

function describe({ schema, choices }: Missing): string {
  const values = choices ?? schema.enum;
  const about = schema.description ?? typeOf(schema);
  return safeText(values ? `${about}; one of ${values.slice(0, 12).join(', ')}` : about).replace(/\s+/g, ' ');
}

/** Prints JSON over several lines, because it is easier to read; leaves other text as it is. */
function readable(text: string): string {
  const value = /^[[{]/.test(text) ? parseJson(text) : undefined;
  return safeText(value === undefined ? text : JSON.stringify(value, null, 2));
}
