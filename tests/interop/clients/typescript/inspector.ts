// The Inspector's command line, which is started once for each step: inspector.ts URL TOKEN COMMAND
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { take, token, url } from './steps.ts';

const run = promisify(execFile);
const [command = ''] = process.argv.slice(4);

async function inspect<Answer>(method: string, ...more: string[]): Promise<Answer> {
  const header = `Authorization: Bearer ${token}`;
  const args = ['--cli', url, '--transport', 'http', '--method', method, '--header', header, ...more];
  const { stdout } = await run(command, args).catch(({ stderr, stdout: text }) => {
    throw new Error(`${stderr}${text}`.trim());
  });
  return JSON.parse(stdout) as Answer;
}

await take({
  list: async () => (await inspect<{ tools: { name: string }[] }>('tools/list')).tools.map(({ name }) => name),
  prompts: async () => (await inspect<{ prompts: { name: string }[] }>('prompts/list')).prompts.map(({ name }) => name),
  async call(name, args) {
    const given = Object.entries(args).map(([key, value]) => `${key}=${value}`);
    const { content } = await inspect<{ content: { text: string }[] }>(
      'tools/call',
      '--tool-name',
      name,
      ...given.flatMap((arg) => ['--tool-arg', arg]),
    );
    return content.map(({ text }) => text).join('');
  },
});
