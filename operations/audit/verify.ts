import { open, readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { JWK } from 'jose';
import * as z from 'zod';
import { createSigner } from '../../auth-server/audit/chain/make/signer.ts';
import { storedEvidence } from '../../auth-server/audit/chain/verify/stored.ts';
import { verify } from '../../auth-server/audit/chain/verify/verify.ts';
import type { AuditDatabase } from '../../auth-server/audit/store/database.ts';
import { readEnvFile } from '../../common/settings/env-file.ts';
import { CommandError, operatorCommand, print, runAsProgram } from '../command.ts';
import { openExistingAudit } from './place.ts';
import { asJson, asText, type Processes } from './print.ts';

const help = `Verifies the audit: that no record and no signed statement was removed, changed, inserted or moved.

  npm run -s audit:verify                       the records against each other and against the signed statements
  npm run -s audit:verify -- --heads FILE       also against statements that were kept elsewhere: lines of the log, or one JWS
                                                a line
  npm run -s audit:verify -- --key FILE         only keys of this JWK or JWKS count, instead of those in the database
  npm run -s audit:verify -- --json             the result as JSON, with the public keys

The gateway may run meanwhile. It reads DATABASE_URL, or DATA_DIR or UP_DATA_DIR (default: data), from the environment or .env.
With Docker: docker compose exec auth-server node operations/audit/verify.ts
docs/operations/audit.md says what this proves. Exit code: 0 whole, 1 a fault or not verified, 2 wrong use.`;

type Options = { heads?: string; key?: string; json?: true };

export const run = operatorCommand<Options>(
  help,
  (command) => command.option('--heads <file>').option('--key <file>').option('--json'),
  async (options, context) => {
    const { env } = readEnvFile(context.env);
    const given = options.key === undefined ? undefined : await readKeys(options.key);
    const database = await openExistingAudit(env);
    try {
      const keys = given ?? (await createSigner(database).publicKeys());
      const result = await verifyQuietly(database, keys, options.heads);
      if (result.kept === 0 && result.faultCount === 0)
        throw new CommandError(`${options.heads} holds no statement of this gateway.`, 1);
      const processes = await processesOf(database);
      print(context, options.json ? asJson(result, processes, keys) : asText(result, processes));
      return result.faultCount === 0 ? 0 : 1;
    } finally {
      await database.close();
    }
  },
);

/**
 * Looks again when there are faults: days are dropped, people erased and processes started while the gateway runs, and what
 * changed meanwhile is none.
 */
async function verifyQuietly(database: AuditDatabase, keys: readonly JWK[], heads: string | undefined) {
  for (let turn = 1; ; turn++) {
    const before = await stateOf(database);
    const kept = heads === undefined ? undefined : linesOf(heads);
    const result = await verify({ ...storedEvidence(database), keys, kept });
    if (result.faultCount === 0 || turn === mostTurns) return result;
    if (turn > 1 && before === (await stateOf(database))) return result;
  }
}

const mostTurns = 4;

async function stateOf({ main }: AuditDatabase): Promise<string> {
  const last = main.selectFrom('audit_statement').select((of) => of.fn.max('seq').as('last'));
  const writers = main.selectFrom('audit_writer').select((of) => of.fn.countAll().as('count'));
  const [{ last: seq }, { count }] = [await last.executeTakeFirstOrThrow(), await writers.executeTakeFirstOrThrow()];
  return `${seq} ${count}`;
}

async function processesOf({ main }: AuditDatabase): Promise<Processes> {
  const rows = await main.selectFrom('audit_writer').select(['name', 'host', 'pid']).execute();
  return new Map(rows.map(({ name, host, pid }) => [name, `${host}:${pid}`]));
}

/** @throws {CommandError} if the file cannot be read */
async function* linesOf(file: string): AsyncGenerator<string> {
  try {
    yield* createInterface({ input: await open(file).then((handle) => handle.createReadStream()) });
  } catch (error) {
    throw new CommandError(`${file} cannot be read: ${(error as Error).message}. Nothing was verified.`, 1);
  }
}

const publicKey = z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), kid: z.string(), x: z.string() });
const keyFile = z.union([z.object({ keys: z.array(publicKey).min(1) }), publicKey]);

async function readKeys(file: string): Promise<JWK[]> {
  try {
    const read = keyFile.parse(JSON.parse(await readFile(file, 'utf8')));
    return 'keys' in read ? read.keys : [read];
  } catch (error) {
    const reason = error instanceof z.ZodError ? 'it holds no Ed25519 key with a kid, as JWK or JWKS' : String(error);
    throw new CommandError(`The keys in ${file} cannot be read: ${reason}. Nothing was verified.`, 1);
  }
}

if (import.meta.main) await runAsProgram(run);
