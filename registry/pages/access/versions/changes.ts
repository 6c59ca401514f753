import { type Request, Router } from 'express';
import type { PolicySourceName, PolicyVersion } from '../../../../common/doors/versions.ts';
import { cleaned } from '../../shared/format.ts';
import type { View } from '../../shared/render.ts';
import { linesOf } from '../change/difference-lines.ts';
import { lineDiff } from '../change/yaml-diff.ts';
import { numberOf } from '../shared/numbers.ts';
import { type AccessOptions, editorOf, orNothing, seenOf } from '../shared/options.ts';

const longestName = 80;

const cameBy: Readonly<Record<PolicySourceName, string>> = {
  file: 'from the policy file',
  page: 'on a page',
  command: 'by command',
  import: 'by an import',
  revert: 'by going back',
};

/** A version of the policy as a list shows it. */
export function shownVersion({ number, at, by, why, source, confirmedBy }: PolicyVersion) {
  return {
    ...{ number, at: new Date(at), by: cleaned(by.name, longestName), why: cleaned(why, 500), cameBy: cameBy[source] },
    confirmedBy: confirmedBy && cleaned(confirmedBy.name, longestName),
  };
}

/** `GET /access/changes`: the versions of the policy; `/access/changes/<number>`: what one of them changed. */
export function createChangesPages(options: AccessOptions): Router {
  const { policyDoor, render } = options;
  const pages = Router({ caseSensitive: true, strict: true });
  pages.get('/access/changes', async (req, res) => {
    const { person, assertion } = editorOf(options, req);
    const before = typeof req.query.before === 'string' ? numberOf(req.query.before) : undefined;
    const [current, found] = await Promise.all([
      policyDoor.current(assertion),
      orNothing(policyDoor.versions(assertion, before)),
    ]);
    const view = {
      ...{ title: 'Changes of the policy', person, current: current.number, isEditable: current.editable },
      ...{ drift: current.drift !== null, proposals: current.proposals, isFirstPage: before === undefined },
      versions: (found?.versions ?? []).map(shownVersion),
      next: found?.next ? `/access/changes?before=${found.next}` : '',
    };
    render<View & typeof view>(res, 200, 'access/changes', view);
  });
  pages.get('/access/changes/:number', async (req: Request<{ number: string }>, res, next) => {
    if (!/^\d+$/.test(req.params.number)) return next();
    const { person, assertion } = editorOf(options, req);
    const version = await policyDoor.version(assertion, numberOf(req.params.number));
    const [current, parent] = await Promise.all([
      policyDoor.current(assertion),
      version.parent === null ? undefined : orNothing(policyDoor.version(assertion, version.parent)),
    ]);
    const groups = version.differences.flatMap(({ kind, who }) => (kind === 'person' ? [who] : []));
    const view = {
      ...{ title: `Version ${version.number} of the policy`, person, version: shownVersion(version) },
      ...{ isCurrent: current.number === version.number, parent: version.parent, isFirst: version.parent === null },
      lines: linesOf(version.differences, await seenOf(options, assertion, groups)),
      more: version.more,
      yaml: parent ? lineDiff(parent.text, version.text) : undefined,
    };
    render<View & typeof view>(res, 200, 'access/version', view);
  });
  return pages;
}
