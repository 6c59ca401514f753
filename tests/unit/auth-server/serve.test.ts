import { execFileSync } from 'node:child_process';

const builtInsOf = (...files: string[]): string[] => {
  const imports = files.map((file) => `await import('./${file}');`).join('');
  const code = `${imports} process.stdout.write(JSON.stringify(process.moduleLoadList))`;
  const flags = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e'];
  return JSON.parse(execFileSync(process.execPath, [...flags, code], { encoding: 'utf8' }));
};

// An import of node:http would load it (common/network/http.ts).
const fetchItself = 'NativeModule internal/deps/undici/undici';

test('An auth-server starts without loading fetch', () => {
  const loaded = builtInsOf('common/service/service.ts', 'auth-server/serve.ts');
  expect(loaded).toContain('NativeModule _http_server');
  expect(loaded).not.toContain(fetchItself);
});
