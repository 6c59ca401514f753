import type { Request, Response } from 'express';
import type { Policy } from '../../../policy/policy.ts';
import { mayUseUi } from '../../../policy/ui.ts';
import { formOf } from '../../access/body.ts';
import type { Catalogue } from '../../access/catalogue.ts';
import { type Person, personOf } from '../../access/guards.ts';
import { type Editor, warningsFor } from '../../editing/editor.ts';
import { RegistryError } from '../../errors/registry-error.ts';
import type { ConnectionReport, ConnectionTest } from '../../health/probe/connection-test.ts';
import type { UpstreamAuth } from '../../routing/upstream-auth.ts';
import { readConnection } from '../../servers/server-input.ts';
import type { RegistryStore } from '../../store/store.ts';
import type { Notes } from '../shared/notes.ts';
import type { Render, View } from '../shared/render.ts';
import { entryLines } from './entry-lines.ts';
import { firstUsers } from './first-users.ts';
import { type FromServer, fillIn, fromServerIn } from './from-server.ts';
import type { Meanwhile } from './meanwhile.ts';
import { ownNames, takenFault } from './own-names.ts';
import { type Faults, type Field, faultsOf, fields, inputOf, labels, type Values } from './server-form.ts';

export interface FormOptions {
  publicUrl: string;
  catalogue: Catalogue;
  store: RegistryStore;
  policy: () => Policy;
  editor: Editor;
  connect: ConnectionTest;
  /** Which credentials servers may use. */
  upstreamAuth: Pick<UpstreamAuth, 'problem' | 'accountsFor'>;
  render: Render;
  notes: Notes;
}

export interface FormState {
  kind: 'register' | 'edit';
  values: Values;
  faults?: Faults;
  /** With `edit`: the server, and its revision when the form was made. */
  server?: { name: string; title: string; revision: number; fixed: boolean };
  /** The outcome of a connection test: a report, or the reason why there is none. `entry`: the lines that the operator would add. */
  tested?: { report?: ConnectionReport; trouble?: string; warnings: readonly string[]; entry?: string | undefined };
  /** What the server that was tested has filled in. */
  filled?: FromServer;
  /** The name that the server calls itself, if that is taken. */
  taken?: string | undefined;
  imported?: { json: string; fault: string; hints: readonly string[] };
  meanwhile?: Meanwhile;
  /** Shown above the form. */
  notice?: string;
}

interface FormView extends FormState, View {
  person: Person;
  faults: Faults;
  /** The same faults as a list, in the order of the fields. */
  faultList: readonly { field: Field | 'form'; label: string; message: string }[];
  labels: typeof labels;
  /** The operator's entries with accounts that cover the address; undefined while the address cannot be read. */
  accounts: readonly string[] | undefined;
  /** Whether all that the person changes counts at once, and nothing waits for a look. */
  isFree: boolean;
  /** Of a new server: who could use it at once. */
  users: ReturnType<typeof firstUsers> | undefined;
}

/** Answers with the form in this state. */
export function showForm(
  options: Pick<FormOptions, 'render' | 'policy' | 'upstreamAuth'>,
  req: Request,
  res: Response,
  status: number,
  state: FormState,
): void {
  const { render, policy } = options;
  const { faults = {}, kind, values } = state;
  const person = personOf(req);
  const faultList = (['form', ...fields] as const).flatMap((field) => {
    const message = faults[field];
    return message === undefined ? [] : [{ field, label: field === 'form' ? '' : labels[field], message }];
  });
  const isNew = kind === 'register';
  const title = isNew ? 'Register a server' : `Edit ${state.server?.title}`;
  const users = isNew ? firstUsers(policy(), person, values.name.trim()) : undefined;
  const template = isNew ? 'forms/register' : 'forms/server-form';
  render<FormView>(res, status, template, {
    ...state,
    faults,
    faultList,
    labels,
    title,
    person,
    accounts: accountsFor(options, values),
    isFree: isNew || mayUseUi(policy(), person.scopes, 'modify_service', values.name),
    users,
  });
}

/** The operator's entries with accounts that cover the address in the form; undefined while that cannot be read. */
function accountsFor({ upstreamAuth }: Pick<FormOptions, 'upstreamAuth'>, values: Values): string[] | undefined {
  try {
    const { upstream, transports } = inputOf(values);
    const at = readConnection({ upstream, transports });
    return upstreamAuth.accountsFor({ title: '', description: '', tags: [], name: values.name.trim(), ...at });
  } catch (error) {
    if (error instanceof RegistryError) return undefined;
    throw error;
  }
}

/** Of a server that turned out to want accounts: chooses the operator's entry for it, if there is one and nothing was chosen. */
function suggestAccount(options: FormOptions, values: Values): Values {
  const [entry] = accountsFor(options, values) ?? [];
  const isOpen = values.whose === 'none' || values.whose === '';
  return entry !== undefined && isOpen ? { ...values, whose: 'person', account: entry } : values;
}

const ofConnection: ReadonlySet<string> = new Set([
  'upstream',
  'mcp_path',
  'sse_path',
  'secret',
  'account',
  'checks',
  'host_header',
]);

/**
 * Tests the connection that the form describes, and shows the form again with the outcome. The form of a new server is then
 * filled in with what the server says of itself. Saves nothing.
 */
export async function tryConnection(options: FormOptions, req: Request, res: Response, state: FormState) {
  const { connect, store } = options;
  const { values } = state;
  const name = values.name.trim();
  const isNew = state.kind === 'register';
  const warnings = async (of: string) => (isNew && !store.get(of) ? await warningsFor(store, of) : []);
  try {
    const { upstream, transports, auth, host_header } = inputOf(values);
    const connection = readConnection({ upstream, transports, auth, host_header });
    const report = await connect({ title: '', description: '', tags: [], name: name || 'unnamed', ...connection });
    const trouble = 'Many connections are being tested at the moment. Try again in a few seconds.';
    const { problem } = report ?? {};
    const given = isNew && report?.accounts ? suggestAccount(options, values) : values;
    const faults = problem ? { [problem.field]: problem.reason } : {};
    const entry = report?.accounts && entryLines({ name, ...connection }, report.accounts.claimed);
    const outcome = report ? { report, entry } : { trouble };
    if (!isNew)
      return showForm(options, req, res, 200, {
        ...state,
        tested: { ...outcome, warnings: [] },
        faults,
      });
    const names = ownNames(options.policy(), store, personOf(req));
    const filled = report?.server
      ? fillIn(given, fromServerIn(formOf(req)), { server: report.server, tools: report.tools }, names)
      : { values: given };
    const now = filled.values.name.trim();
    const taken = takenFault(now, values.upstream, names);
    const tested = { ...outcome, warnings: await warnings(now) };
    showForm(options, req, res, 200, {
      ...state,
      ...filled,
      tested,
      faults: { ...faults, ...(taken && { name: taken }) },
    });
  } catch (error) {
    if (!(error instanceof RegistryError) || error.code !== 'input_invalid') throw error;
    const faults = Object.fromEntries(Object.entries(faultsOf(error)).filter(([field]) => ofConnection.has(field)));
    const [[field, message]] = Object.entries(faults) as [[Field, string]];
    const trouble = `There is nothing to connect to yet. ${labels[field]}: ${message}`;
    showForm(options, req, res, 400, { ...state, faults, tested: { trouble, warnings: await warnings(name) } });
  }
}
