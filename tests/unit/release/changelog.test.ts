import { notesOf, sectionOf } from '../../../release/ready/changelog.ts';

const changelog = `# Changelog

## 1.1.0 (2026-12-01)

- New: [a page](docs/a.md#b), [another site](https://example.com/x), [below](#below).

## 1.0.0 (2026-11-30)

- First.
`;

test('The notes of a version are its section, without the heading', () => {
  expect(notesOf(sectionOf(changelog, '1.0.0'), 'v1.0.0', undefined)).toBe('- First.\n');
});

test('Links to files lead to the tag at the source, and other links stay', () => {
  expect(notesOf(sectionOf(changelog, '1.1.0'), 'v1.1.0', 'https://example.com/gateway')).toBe(
    '- New: [a page](https://example.com/gateway/blob/v1.1.0/docs/a.md#b), [another site](https://example.com/x), [below](#below).\n',
  );
});

test('Without the address of the source, links stay as they are', () => {
  expect(notesOf(sectionOf(changelog, '1.1.0'), 'v1.1.0', undefined)).toContain('[a page](docs/a.md#b)');
});

test('A version is found by its whole number', () => {
  expect(sectionOf(changelog, '1.0').fault).toContain('CHANGELOG.md has no section 1.0');
});
