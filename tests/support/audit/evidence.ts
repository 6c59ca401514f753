import { createHash, hash, randomBytes } from 'node:crypto';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { digestOf, genesis, linkOf } from '../../../auth-server/audit/chain/digest.ts';
import {
  addRest,
  type Statement,
  type StatementBody,
  signStatement,
  statementDigest,
} from '../../../auth-server/audit/chain/statement.ts';
import type { StoredRecord } from '../../../auth-server/audit/chain/verify/row.ts';
import type { StoredStatement } from '../../../auth-server/audit/chain/verify/statements.ts';
import { type Evidence, verify } from '../../../auth-server/audit/chain/verify/verify.ts';

export type Row = StoredRecord & { caller: string | null; verdict: string; person: string | null };

const noon = Date.parse('2026-11-29T12:00:00Z');

/** An audit in memory: two processes, which have written in turn, and what was signed about them. */
export interface Kept {
  writers: { id: number; name: string }[];
  rows: Row[];
  callers: { digest: string; text: string }[];
  statements: StoredStatement[];
  keys: JWK[];
}

export async function createSigner() {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true });
  const kid = randomBytes(6).toString('hex');
  return { kid, key: privateKey, jwk: { ...(await exportJWK(publicKey)), kid } };
}

export type Signer = Awaited<ReturnType<typeof createSigner>>;

const caller = JSON.stringify({ salt: 'c', groups: ['g'], scopes: [] });

/** Writes records as the gateway does. */
export function createKept(signer: Signer) {
  const kept: Kept = {
    writers: [],
    rows: [],
    callers: [{ digest: hash('sha256', caller, 'base64url'), text: caller }],
    statements: [],
    keys: [signer.jwk],
  };
  let now = noon;
  const rowsOf = (id: number) => kept.rows.filter(({ writer }) => writer === id);
  const nameOf = (id: number) => kept.writers.find((writer) => writer.id === id)?.name as string;
  return {
    kept,
    start(id: number): void {
      kept.writers.push({ id, name: hash('sha256', String(id)).slice(0, 32) });
    },
    write(id: number, person = 'alice'): Row {
      const before = rowsOf(id).at(-1);
      const number = (before?.number ?? 0) + 1;
      now += 1_000;
      const record = JSON.stringify({ at: now, verdict: 'allow', subject: person, caller: kept.callers[0]?.digest });
      const salt = randomBytes(16);
      const digest = digestOf(salt, record);
      const link = linkOf(before?.link ?? genesis(nameOf(id)), number, digest);
      const columns = { verdict: 'allow', person, caller: kept.callers[0]?.digest as string };
      const row = { writer: id, number, at: now, ...columns, salt, digest, link, record };
      kept.rows.push(row);
      return row;
    },
    async state(body: StatementBody, by = signer): Promise<string> {
      const before = kept.statements.at(-1);
      const seq = (before?.seq ?? 0) + 1;
      now += 1_000;
      const prev = before ? statementDigest(before.jws) : null;
      const all = { ...body, iss: 'http://localhost', seq, at: now, prev } as Statement;
      const jws = await signStatement(all, by);
      kept.statements.push({ seq, kind: body.kind, at: now, jws, digest: statementDigest(jws) });
      return jws;
    },
    head(...finished: number[]): Promise<string> {
      const writers = kept.writers.map(({ id, name }) => {
        const last = rowsOf(id).at(-1) as Row;
        return { name, number: last.number, link: text(last.link), finished: finished.includes(id) };
      });
      return this.state({ kind: 'head', writers });
    },
    /** Drops the first records of a writer. */
    async drop(id: number, to: number): Promise<void> {
      const [first, last] = [rowsOf(id)[0] as Row, rowsOf(id).find(({ number }) => number === to) as Row];
      const range = { name: nameOf(id), from: first.number, to, link: text(last.link) };
      await this.state({ kind: 'dropped', day: '2026-11-28', ranges: [range] });
      kept.rows = kept.rows.filter(({ writer, number }) => writer !== id || number > to);
    },
    async erase(id: number, from: number, to: number): Promise<void> {
      const gone = rowsOf(id).filter(({ number }) => number >= from && number <= to);
      const rest = createHash('sha256');
      for (const row of gone) {
        const record = JSON.stringify({ at: row.at, verdict: row.verdict, subject: 'erased' });
        addRest(rest, record);
        Object.assign(row, { record, salt: null, person: 'erased', caller: null });
      }
      const entry = { name: nameOf(id), runs: [[from, to] as [number, number]], rest: rest.digest('base64url') };
      await this.state({ kind: 'erased', writers: [entry], callers: [] });
    },
  };
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');

async function* each<T>(values: Iterable<T>): AsyncIterable<T> {
  yield* values;
}

/** Verifies an audit in memory. @param lines with statements that were kept elsewhere */
export function verifyKept({ writers, rows, callers, statements, keys }: Kept, lines?: readonly string[]) {
  const sorted = rows.toSorted((a, b) => a.writer - b.writer || a.number - b.number);
  const evidence: Evidence = {
    statements: each(statements.toSorted((a, b) => a.seq - b.seq)),
    keys,
    kept: lines && each(lines),
    writers: each(writers),
    rows: each(sorted),
    callers: each(callers),
    fits: fitsAll,
  };
  return verify(evidence);
}

function fitsAll(row: StoredRecord): boolean {
  try {
    const { at, verdict, subject, caller = null } = JSON.parse(row.record ?? '');
    const { verdict: stored, person, caller: named } = row as Row;
    return at === row.at && verdict === stored && subject === person && caller === named;
  } catch {
    return false;
  }
}
