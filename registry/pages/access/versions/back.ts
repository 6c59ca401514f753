import { type Request, type Response, Router } from 'express';
import type { CurrentPolicy, PolicyVersionText } from '../../../../common/doors/versions.ts';
import { formOf, readForm } from '../../../access/body.ts';
import { requireOwnPage } from '../../../access/own-page.ts';
import type { View } from '../../shared/render.ts';
import { applyChange, faultsOf } from '../change/apply.ts';
import { type ChangeLines, linesOf } from '../change/difference-lines.ts';
import { previewOf } from '../change/preview.ts';
import { numberIn, numberOf } from '../shared/numbers.ts';
import { type AccessOptions, type Editor, editorOf } from '../shared/options.ts';
import { shownVersion } from './changes.ts';

interface About {
  editor: Editor;
  current: CurrentPolicy;
  version: PolicyVersionText;
  values: { why: string; base: number };
  faults?: { why?: string; form?: string };
  conflict?: ChangeLines;
}

/**
 * `GET /access/changes/<number>/back` and `POST` to the same address: makes the text of an earlier version the policy again, as a
 * new version. The button Undo in a note sends the same form at once.
 */
export function createBackPage(options: AccessOptions): Router {
  const { publicUrl, policyDoor, render } = options;
  const pages = Router({ caseSensitive: true, strict: true });
  const read = async (req: Request<{ number: string }>) => {
    const editor = editorOf(options, req);
    const number = numberOf(req.params.number);
    const [version, current] = await Promise.all([
      policyDoor.version(editor.assertion, number),
      policyDoor.current(editor.assertion),
    ]);
    return { editor, version, current };
  };
  pages.get('/access/changes/:number/back', async (req: Request<{ number: string }>, res) => {
    const about = await read(req);
    await show(res, 200, { ...about, values: { why: '', base: about.current.number ?? 0 } });
  });
  pages.post(
    '/access/changes/:number/back',
    requireOwnPage(publicUrl),
    readForm,
    async (req: Request<{ number: string }>, res) => {
      const about = await read(req);
      const form = formOf(req);
      const values = { why: (form.get('why') ?? '').slice(0, 2_000), base: numberIn(form.get('base') ?? '') };
      const { editor, version } = about;
      const done = `The policy is as it was in version ${version.number}.`;
      const change = { ...values, text: version.text, source: 'revert' as const, done };
      const refused = await applyChange(options, editor, res, change);
      if (!refused) return;
      if (!('conflict' in refused)) {
        return await show(res, refused.status, { ...about, values, faults: faultsOf(refused) });
      }
      const current = await policyDoor.current(editor.assertion);
      const conflict = linesOf(refused.conflict.differences);
      await show(res, 409, { ...about, current, values: { ...values, base: current.number ?? 0 }, conflict });
    },
  );
  return pages;

  async function show(res: Response, status: number, about: About): Promise<void> {
    const { editor, current, version, values, faults = {}, conflict } = about;
    const view = {
      ...{ title: `Go back to version ${version.number}`, person: editor.person, version: shownVersion(version) },
      ...{ values, faults, conflict, preview: await previewOf(options, editor, current, version.text) },
      faultList: Object.entries(faults).map(([field, message]) => ({
        ...{ field, label: field === 'why' ? 'Why' : '', message },
      })),
    };
    render<View & typeof view>(res, status, 'access/back', view);
  }
}
