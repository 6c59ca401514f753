import type { Request, Response } from 'express';
import { type Person, personOf } from '../../access/guards.ts';
import { RegistryError } from '../../errors/registry-error.ts';
import type { ConnectionReport } from '../../health/connection-test.ts';
import { readConnection } from '../../servers/server-input.ts';
import type { Render } from '../shared/render.ts';
import type { Meanwhile } from './meanwhile.ts';
import type { RegisterOptions } from './register.ts';
import { type Faults, type Field, faultsOf, fields, inputOf, labels, type Values } from './server-form.ts';

/** What stands on the page of a form. */
export interface FormState {
  kind: 'register' | 'edit';
  values: Values;
  faults?: Faults;
  /** With `edit`: the server, and the number that it had when the form was made. */
  server?: { name: string; title: string; revision: number; fixed: boolean };
  /** What came of a test: a report, or why there is none. */
  tested?: { report?: ConnectionReport; trouble?: string; warnings: readonly string[] };
  imported?: { json: string; fault: string; hints: readonly string[] };
  meanwhile?: Meanwhile;
  /** Said above the form. */
  notice?: string;
}

/** What the template of the form is given. */
export interface FormView extends FormState {
  title: string;
  person: Person;
  faults: Faults;
  /** For the summary: what is wrong, and where. */
  faultList: readonly { field: Field | 'form'; label: string; message: string }[];
  labels: typeof labels;
}

/** Answers with the form as it stands. */
export function showForm(render: Render, req: Request, res: Response, status: number, state: FormState): void {
  const { faults = {} } = state;
  const faultList = (['form', ...fields] as const).flatMap((field) => {
    const message = faults[field];
    return message === undefined ? [] : [{ field, label: field === 'form' ? '' : labels[field], message }];
  });
  const title = state.kind === 'register' ? 'Register a server' : `Edit ${state.server?.title}`;
  const page = { ...state, faults, faultList, labels, title, person: personOf(req) };
  render(res, status, 'server-form', page);
}

const ofConnection: ReadonlySet<Field | 'form'> = new Set(['upstream', 'mcp_path', 'sse_path', 'secret']);

/** Tries the connection that the form describes, and shows the form again with what came of it. Keeps nothing. */
export async function tryConnection(
  { connect, render, store }: Pick<RegisterOptions, 'connect' | 'render' | 'store'>,
  req: Request,
  res: Response,
  state: FormState,
): Promise<void> {
  const { values } = state;
  const warnings = state.kind === 'register' ? await warningsOn(store, values.name.trim()) : [];
  try {
    const { upstream, transports, auth } = inputOf(values);
    const connection = readConnection({ upstream, transports, auth });
    const said = { title: '', description: '', tags: [], name: values.name.trim() || 'unnamed' };
    const report = await connect({ ...said, ...connection });
    const trouble = 'Many connections are being tested at the moment. Try again in a few seconds.';
    const tested = { ...(report ? { report } : { trouble }), warnings };
    const { problem } = report ?? {};
    showForm(render, req, res, 200, { ...state, tested, faults: problem ? { [problem.field]: problem.reason } : {} });
  } catch (error) {
    if (!(error instanceof RegistryError) || error.code !== 'input_invalid') throw error;
    const faults = Object.fromEntries(Object.entries(faultsOf(error)).filter(([at]) => ofConnection.has(at as Field)));
    const [[field, message]] = Object.entries(faults) as [[Field, string]];
    const trouble = `There is nothing to connect to yet. ${labels[field]}: ${message}`;
    showForm(render, req, res, 400, { ...state, faults, tested: { trouble, warnings } });
  }
}

async function warningsOn(store: RegisterOptions['store'], name: string): Promise<string[]> {
  if (store.get(name)) return [`There is a server called “${name}” already: choose another name.`];
  if (!(await store.namesEver()).includes(name)) return [];
  return [
    `There was a server called “${name}” before. Rules of the policy for that name stand, and would count for this one.`,
  ];
}
