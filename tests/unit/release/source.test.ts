import { sourceOf } from '../../../release/ready/source.ts';

test.each([
  ['https://github.com/org/name', 'https://github.com/org/name'],
  ['https://github.com/org/name.git', 'https://github.com/org/name'],
  ['https://github.com/org/name/', 'https://github.com/org/name'],
  ['git@github.com:org/name.git', 'https://github.com/org/name'],
  ['ssh://git@git.example.com:2222/org/name.git', 'https://git.example.com/org/name'],
  ['https://git.example.com:8443/org/name', 'https://git.example.com:8443/org/name'],
  // A label is public.
  ['https://robot:secret@github.com/org/name?token=secret', 'https://github.com/org/name'],
])('Of the remote %s, the source is at %s', (remote, address) => {
  expect(sourceOf(() => `${remote}\n`, undefined)).toBe(address);
});

test.each(['/srv/git/name', '../name', 'file:///srv/git/name', ''])(
  'The remote "%s" is no address on the web',
  (remote) => {
    expect(sourceOf(() => remote, undefined)).toBeUndefined();
  },
);

test('What the command line says comes first', () => {
  expect(sourceOf(() => 'https://github.com/fork/name', 'https://github.com/org/name')).toBe(
    'https://github.com/org/name',
  );
});
