const heading = /^## (\S+)(?: \((.*)\))?$/;

/** The section of a version: its text, and what is wrong with it. */
export interface Section {
  text: string;
  fault?: string;
}

/**
 * Finds the section of a version in the changelog.
 * @param changelog whose sections begin with a line such as `## 1.0.0 (2026-11-30)`
 */
export function sectionOf(changelog: string, version: string): Section {
  const lines = changelog.split('\n');
  const start = lines.findIndex((line) => heading.exec(line)?.[1] === version);
  if (start < 0)
    return { text: '', fault: `CHANGELOG.md has no section ${version}: write "## ${version} (DATE)" first.` };
  const length = lines.slice(start + 1).findIndex((line) => line.startsWith('## '));
  const text = lines.slice(start + 1, length < 0 ? undefined : start + 1 + length).join('\n');
  const date = heading.exec(lines[start] ?? '')?.[2];
  const isDate = date !== undefined && /^\d{4}-\d\d-\d\d$/.test(date) && !Number.isNaN(Date.parse(date));
  if (!isDate)
    return { text, fault: `Section ${version} of CHANGELOG.md has no date: write "## ${version} (YYYY-MM-DD)".` };
  if (text.trim() === '') return { text, fault: `Section ${version} of CHANGELOG.md is empty: say what changes.` };
  return { text };
}

/**
 * The release notes: the section, whose links to files of the checkout lead to the address of the release's source.
 * @param source such as `https://github.com/org/name`; without it, links stay as they are
 */
export function notesOf({ text }: Section, tag: string, source: string | undefined): string {
  const notes = `${text.trim()}\n`;
  return source ? notes.replace(/\]\((?![a-z]+:|#)/g, `](${source}/blob/${tag}/`) : notes;
}
