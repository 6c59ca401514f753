import { CommandError, exitCodes } from '../../lib/failure.ts';
import { safeText } from '../../lib/print.ts';
import { coerce, typeOf } from '../json-schema.ts';
import { type Answer, callTool, type Session } from '../session.ts';
import type { FoundTool, ListedServer } from '../toolbox.ts';
import { catalogueQuestion, serversAnswer, toolsAnswer } from './catalogue.ts';
import { readEntities } from './entities.ts';
import { readExplicit } from './explicit.ts';
import type { Material, Missing } from './fill.ts';
import { type Candidate, pick } from './pick.ts';

const candidates = 8;

/**
 * Answers without a model: the tool that fits the message best, with the arguments that the message holds.
 * @param today what `today` in a message means
 * @throws {CommandError} failed when no tool fits or the tool fails, needsInput, denied, notLoggedIn, unreachable
 */
export async function answerOffline(session: Session, message: string, today: Temporal.PlainDate): Promise<Answer> {
  const { toolbox, print } = session;
  print.progress('looking at the servers …');
  const servers = await toolbox.servers();
  const names = servers.map(({ name }) => name);
  const question = catalogueQuestion(message, names);
  if (question?.about === 'servers') return serversAnswer(servers, print.width);
  if (question) {
    print.progress('looking at the tools …');
    const asked = servers.filter(({ name }) => !question.server || question.server === name);
    return await toolsAnswer(toolbox, asked, print.width);
  }
  const explicit = readExplicit(message);
  const material: Material = { message, explicit, entities: readEntities(explicit.rest, today), servers: names };
  print.progress('looking for a tool …');
  const candidate =
    pick(await toolbox.find(message, candidates), material) ?? pick(await unusable(session, servers), material);
  if (!candidate) throw new CommandError(exitCodes.failed, noTool, { hints: noToolHints });
  return await use(session, candidate);
}

const noTool = 'No tool that you may use fits this question well enough to be called without a model.';
const noToolHints = [
  'mcp-gateway tools shows them; mcp-gateway call runs one.',
  'With a model (--model, MODEL) the agent understands more: docs/agent.md.',
];

/** Tools that the caller may know of but not use: the gateway's own denial says best what is missing. */
async function unusable({ toolbox }: Session, servers: readonly ListedServer[]): Promise<FoundTool[]> {
  const lists = await Promise.all(
    servers.map(({ name }) =>
      toolbox.described(name).catch((error: unknown) => {
        if (error instanceof CommandError) return [];
        throw error;
      }),
    ),
  );
  return lists.flat();
}

async function use(session: Session, candidate: Candidate): Promise<Answer> {
  const { found, filled, ignored } = candidate;
  const { print } = session;
  const args = await complete(session, found, filled.args, filled.missing);
  print.debug(`picked ${found.server} / ${found.tool}, fit ${candidate.fit.toFixed(2)}`);
  const outcome = await callTool(session, found.server, found.tool, args);
  const name = `${found.server} / ${found.tool}`;
  if (!outcome) {
    const hints = ['--yes runs it without a question.'];
    throw new CommandError(exitCodes.needsInput, `${name} may change something, and nobody has agreed to it.`, {
      hints,
    });
  }
  if (outcome.state === 'denied') throw new CommandError(exitCodes.denied, `${name}: ${outcome.text}`);
  if (outcome.state === 'failed') throw new CommandError(exitCodes.failed, `${name} says: ${safeText(outcome.text)}`);
  if (ignored.length > 0) print.note(print.style('dim', `(${name} knows nothing of: ${safeText(ignored.join(', '))})`));
  return { text: readable(outcome.text) };
}

/** Asks for what is missing. */
async function complete(
  { ask }: Session,
  found: FoundTool,
  given: Record<string, unknown>,
  missing: readonly Missing[],
): Promise<Record<string, unknown>> {
  if (missing.length > 0 && !ask.possible) {
    const hints = missing.map((one) => `${one.path.join('.')}: ${aboutIt(one)}`);
    const message = `${found.server} / ${found.tool} fits, but the question does not say ${missing.map(({ path }) => path.join('.')).join(', ')}.`;
    throw new CommandError(exitCodes.needsInput, message, {
      hints: [...hints, 'Say it as name=value in the message.'],
    });
  }
  let args = given;
  for (const one of missing) args = withValue(args, one.path, await askFor(ask, one));
  return args;
}

async function askFor(ask: Session['ask'], missing: Missing): Promise<unknown> {
  for (;;) {
    const text = await ask.line(`${missing.path.join('.')} (${aboutIt(missing)}): `);
    const value = coerce(text, missing.schema);
    if (value !== undefined) return value;
  }
}

function aboutIt({ schema, choices }: Missing): string {
  const values = choices ?? schema.enum;
  const about = schema.description ?? typeOf(schema);
  return safeText(values ? `${about}; one of ${values.slice(0, 12).join(', ')}` : about).replace(/\s+/g, ' ');
}

function withValue(
  args: Record<string, unknown>,
  [name, ...rest]: readonly string[],
  value: unknown,
): Record<string, unknown> {
  if (name === undefined) return args;
  if (rest.length === 0) return { ...args, [name]: value };
  const inner = args[name];
  const object = typeof inner === 'object' && inner !== null ? { ...inner } : {};
  return { ...args, [name]: withValue(object, rest, value) };
}

/** Values that a tool gave as JSON are easier to read over several lines. */
function readable(text: string): string {
  if (!/^[[{]/.test(text)) return safeText(text);
  try {
    return safeText(JSON.stringify(JSON.parse(text), null, 2));
  } catch {
    return safeText(text);
  }
}
