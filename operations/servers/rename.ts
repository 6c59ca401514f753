import { openStore } from '../../auth-server/store/store.ts';
import { readEnvFile } from '../../common/settings/env-file.ts';
import { attempt } from '../../common/text/config-error.ts';
import { nameFault } from '../../policy/names.ts';
import { RegistryError } from '../../registry/errors/registry-error.ts';
import { isFixedName } from '../../registry/servers/names.ts';
import { openRegistryDatabase, type RegistryDatabase } from '../../registry/store/database.ts';
import { planRenaming, type Renaming, renameServer } from '../../registry/store/rename.ts';
import { CommandError, type Context, collect, operatorCommand, runAsProgram } from '../command.ts';
import { confirmed } from '../confirm.ts';
import { defaultPolicyFile, printPlain, readText } from '../policy/files.ts';
import { otherGateway } from '../revoke/running-gateway.ts';
import { accountMover } from './accounts.ts';
import { findDatabases } from './databases.ts';
import { NotChangeable, type PolicyRenaming, renameInPolicy, writePolicyFile } from './policy-file.ts';
import { renameInVersions } from './policy-versions.ts';

const help = `Renames a server: in the registry with its approved tools and its history, with people's accounts at it, and in each rule of
scopes.yml that names it.

  npm run -s servers:rename -- mcp my-mcp              shows the change, and asks
  npm run -s servers:rename -- mcp my-mcp --dry-run    only shows it
  npm run -s servers:rename -- mcp my-mcp --yes        does not ask

The gateway may run meanwhile. MCP sessions of the server and logins of clients to it end: they connect again, to the new address. In scopes.yml,
comments and patterns such as m* stay. If it is interrupted, call it again with the same names.
With Docker: docker compose run --rm rename mcp my-mcp

It reads DATABASE_URL, or DATA_DIR or UP_DATA_DIR (default: data), ACCOUNTS_KEY_FILE and SCOPES_FILE, from the environment or .env.
Accounts that no key opens end: it names them, and their people connect again.
--data names a folder of the databases instead, and may be given twice. Exit code: 0 done, 1 not done, 2 wrong use.`;

type Options = { yes?: true; dryRun?: true; data?: readonly string[] };
type AccountMover = ReturnType<typeof accountMover>;
type Databases = { registry: RegistryDatabase; auth: Awaited<ReturnType<typeof openStore>> };

export const run = operatorCommand<Options>(
  help,
  (command) => {
    command.arguments('[old] [new]').option('--yes').option('--dry-run');
    return command.option('--data <folder>', '', collect);
  },
  async ({ yes, dryRun, data }, context, words) => {
    const renaming = readNames(words);
    const { env } = readEnvFile(context.env);
    const where = findDatabases(env, data);
    const policyFile = defaultPolicyFile(env);
    const policy = await readPolicy(policyFile, renaming, context);
    const databases = await open(where);
    try {
      await refuseOther(databases, env);
      const plan = await refusalsAsMessages(() => planRenaming(databases.registry.db, renaming));
      const accounts = accountMover(databases.auth, env, data);
      const moves = await accounts.plan(renaming.from);
      printPlain(context, [planInWords(renaming, plan, policy, policyFile), ...moves].join('\n'));
      if (dryRun) return 0;
      if (!yes && !(await confirmed(context))) throw new CommandError('Nothing was changed.', 1);
      return await rename(databases, renaming, { policy, policyFile, accounts }, context);
    } finally {
      await Promise.all([databases.registry.close(), databases.auth.close()]);
    }
  },
);

function readNames(words: readonly string[]): Renaming {
  const [from, to] = words;
  if (from === undefined || to === undefined)
    throw new CommandError('Two names are needed: the server, and its new name.');
  const fault = nameFault(to);
  if (fault) throw new CommandError(`The new name ${fault}`);
  if (from === to) throw new CommandError('The new name is the old one.');
  for (const name of [from, to])
    if (isFixedName(name)) throw new CommandError(`"${name}" belongs to the gateway itself, and keeps its name.`);
  return { from, to };
}

/** @throws {CommandError} if the policy is not valid, or this command cannot change it */
async function readPolicy(path: string, renaming: Renaming, context: Context): Promise<PolicyRenaming> {
  const text = await readText(path, context);
  try {
    const { value, faults } = attempt(() => renameInPolicy(text, renaming));
    if (value) return value;
    throw new CommandError(`${path} is not a valid policy:\n${faults.join('\n')}\nNothing was changed.`, 1);
  } catch (error) {
    if (!(error instanceof NotChangeable)) throw error;
    const what = `${path} cannot be changed by this command: ${error.message}.`;
    throw new CommandError(`${what} Nothing was changed. Rename the server there yourself, then call this again.`, 1);
  }
}

async function open({ registry, auth }: ReturnType<typeof findDatabases>): Promise<Databases> {
  try {
    const opened = await openRegistryDatabase(registry, () => undefined);
    const store = await openStore(auth).catch(async (error: unknown) => {
      await opened.close();
      throw error;
    });
    return { registry: opened, auth: store };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(`The database cannot be opened: ${reason || 'no answer'}. Nothing was changed.`, 1);
  }
}

async function refuseOther({ auth }: Databases, env: NodeJS.ProcessEnv): Promise<void> {
  const other = await otherGateway(auth, env);
  if (other === undefined) return;
  throw new CommandError(
    `The gateway at ${other} uses another database than this one. Nothing was changed.
With Docker: docker compose run --rm rename …
Otherwise set DATA_DIR or DATABASE_URL to its database, or REGISTRY_URL to the gateway that you mean.`,
    1,
  );
}

function planInWords(
  { from, to }: Renaming,
  { isDone, tools, changes }: Awaited<ReturnType<typeof planRenaming>>,
  { lines, patterns, already }: PolicyRenaming,
  path: string,
): string {
  const moved = `the server, ${tools} approved tools and ${changes} entries of its history`;
  return [
    isDone ? `${from} is called ${to} in the registry already. What is left:` : `${from} becomes ${to}: ${moved}.`,
    `Its address becomes /${to}/mcp: tell the people who use it. Its MCP sessions and the logins of clients to it end.`,
    lines.length > 0 ? `${path} changes:` : `${path} names ${from} in no rule, and stays as it is.`,
    ...lines.flatMap(({ line, before, after }) => [
      `  line ${line}: ${before}`,
      `  ${' '.repeat(`line ${line}`.length)}→ ${after}`,
    ]),
    ...patterns.map((each) => `  ${each.at}: the pattern ${each.pattern} covers only ${each.covers}. It stays.`),
    ...already.map((at) => `  ${at} names ${to} already. It applies to the server from now on.`),
  ].join('\n');
}

/**
 * The registry first: its transaction takes the new name, so that no other server can get the rules for it. What is left
 * after an interruption is done by the next call: each step does nothing where it was done.
 */
async function rename(
  { registry, auth }: Databases,
  renaming: Renaming,
  { policy, policyFile, accounts }: { policy: PolicyRenaming; policyFile: string; accounts: AccountMover },
  context: Context,
): Promise<number> {
  const { from, to } = renaming;
  const by = { sub: '#operator', username: 'servers:rename' };
  await refusalsAsMessages(() => renameServer(registry, renaming, by));
  printPlain(context, `Renamed ${from} to ${to} in the registry.`);
  const { lines, left } = await accounts.move(renaming);
  if (lines.length > 0) printPlain(context, lines.join('\n'));
  const refused = await writePolicyFile(policyFile, policy.text).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error.code ?? error.message,
  );
  const versions = await renameInVersions(auth.policyVersions, renaming);
  if (versions.done) printPlain(context, versions.done);
  const ended = await auth.bindings.endServer(from);
  const clients = await endClients(auth.sessions, from);
  printPlain(context, `${ended} MCP sessions and tasks, and the logins of ${clients} clients to this server ended.`);
  const todo = 'change the lines above by hand. Until then, its rules name no server';
  const faults = [
    ...(refused === undefined ? [] : [`${policyFile} cannot be written (${refused}): ${todo}.`]),
    ...(versions.left === undefined ? [] : [versions.left]),
    ...(left === 0 ? [] : [`${left} accounts of people were in use all the time and did not move: call this again.`]),
  ];
  if (faults.length > 0) throw new CommandError(faults.join('\n'), 1);
  return 0;
}

/** Ends the logins of clients whose tokens are for the server's old address. @returns how many */
async function endClients(sessions: Databases['auth']['sessions'], server: string): Promise<number> {
  const all = (await sessions.list()).filter(({ resource }) => resource?.endsWith(`/${server}/mcp`));
  for (const { sid } of all) await sessions.end({ sid });
  return all.length;
}

async function refusalsAsMessages<T>(work: () => Promise<T>): Promise<T> {
  return await work().catch((error: unknown) => {
    throw error instanceof RegistryError ? new CommandError(`${error.message} Nothing was changed.`, 1) : error;
  });
}

if (import.meta.main) await runAsProgram(run);
