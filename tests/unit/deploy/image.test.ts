import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { nodeFlags } from '../../../launch/services.ts';

const copied = [...readFileSync('Dockerfile', 'utf8').matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(([, paths]) =>
  (paths ?? '').split(' '),
);
const sent = [...readFileSync('.dockerignore', 'utf8').matchAll(/^!(.*)$/gm)].map(([, path]) => String(path));
const compose = readFileSync('docker-compose.yml', 'utf8');
const programs = new Set([
  ...[...compose.matchAll(/(?:command: \[|^ +- )([\w./-]+\.ts)/gm)].map(([, file]) => String(file)),
  // Called with `docker compose exec`.
  'operations/accounts/rekey.ts',
  ...['erase', 'export', 'verify'].map((name) => `operations/audit/${name}.ts`),
]);

function withImports(file: string, found = new Set<string>()): Set<string> {
  if (found.has(file)) return found;
  found.add(file);
  for (const [, path] of readFileSync(file, 'utf8').matchAll(/(?:from |import\()'(\.[^']*)'/g))
    withImports(join(dirname(file), String(path)), found);
  return found;
}

test.each([...programs])('The image holds %s with everything that it imports', (program) => {
  const isIn = (paths: readonly string[]) => (file: string) =>
    paths.some((path) => file === path || file.startsWith(`${path}/`));
  const files = [...withImports(program)];
  expect(files.filter((file) => !isIn(copied)(file))).toEqual([]);
  expect(files.filter((file) => !isIn(sent)(file))).toEqual([]);
});

test('The compose file names the programs', () => {
  expect(programs.size).toBeGreaterThan(8);
});

test('The image runs and compiles its services with the flags of npm run up', () => {
  const text = readFileSync('Dockerfile', 'utf8');
  const [entrypoint = ''] = /^ENTRYPOINT \[.*\]$/m.exec(text) ?? [];
  expect(JSON.parse(entrypoint.slice('ENTRYPOINT '.length))).toEqual(['/usr/bin/env', 'node', ...nodeFlags]);
  const ofV8 = nodeFlags.filter((flag) => flag !== '--disable-warning=ExperimentalWarning').join(' ');
  const compiled = [...text.matchAll(/LOG_LEVEL=- node (.*?) \S+main\.ts/g)].map(([, flags]) => flags);
  expect(compiled).toEqual([ofV8, ofV8]);
});

describe.each(['Dockerfile', 'nginx/Dockerfile'])('The image of %s', (file) => {
  const text = readFileSync(file, 'utf8');

  test('has labels with version, revision and source, and the version is that of package.json', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(/^ARG VERSION=(.*)$/m.exec(text)?.[1]).toBe(version);
    for (const name of ['version', 'revision', 'source'])
      expect(text).toContain(`org.opencontainers.image.${name}=$${name.toUpperCase()}`);
  });

  test('runs without root, by number so that Kubernetes can see it, and has a health check', () => {
    const users = [...text.matchAll(/^USER (.*)$/gm)].map(([, user]) => user);
    expect(users).toEqual([expect.stringMatching(/^[1-9]\d*:[1-9]\d*$/)]);
    expect(text).toMatch(/^HEALTHCHECK .* CMD \[/m);
  });
});
