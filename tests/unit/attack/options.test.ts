import { readOptions } from '../../../attack/options.ts';

const targets = (argv: string[], env: NodeJS.ProcessEnv) => {
  const options = readOptions(argv, env);
  return [options?.url.origin, options?.standIn.origin];
};

test('npm run attack goes to the gateway and the stand-in that the settings name, unless an option names others', () => {
  expect(targets([], {})).toEqual(['http://localhost:8080', 'http://127.0.0.1:9500']);
  const env = { REGISTRY_URL: 'http://localhost:9080', COGNITO_PORT: '9600' };
  expect(targets([], env)).toEqual(['http://localhost:9080', 'http://127.0.0.1:9600']);
  const given = ['--url', 'http://127.0.0.1:1', '--stand-in', 'http://127.0.0.1:2'];
  expect(targets(given, env)).toEqual(['http://127.0.0.1:1', 'http://127.0.0.1:2']);
});

test('A REGISTRY_URL on another machine is attacked only after a yes', () => {
  expect(() => readOptions([], { REGISTRY_URL: 'https://mcp.example.com' })).toThrow('--yes-this-is-mine');
});
