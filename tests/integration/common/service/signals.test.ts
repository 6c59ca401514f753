import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { freePorts } from '../../../support/gateway/gateway.ts';

/** A service that takes half a second to answer. */
const program = (port: number) => `
  import { runService } from './common/service/service.ts';
  const listener = (req, res) => void setTimeout(() => res.end('whole'), 500);
  await runService('mcpgw', process.env, () => ({ listener, host: '127.0.0.1', port: ${port}, portVariable: 'PORT' }));
  process.stderr.write('up');
`;

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
  'At %s a service finishes its answers before it exits',
  async (signal) => {
    const [port = 0] = await freePorts(1);
    const child = spawn(process.execPath, ['--input-type=module', '-e', program(port)]);
    const log = text(child.stdout);
    const exit = once(child, 'exit');
    await once(child.stderr, 'data');
    const answer = fetch(`http://127.0.0.1:${port}/`);
    await new Promise((resolve) => setTimeout(resolve, 200));
    child.kill(signal);
    expect(await (await answer).text()).toBe('whole');
    expect(await exit).toEqual([0, null]);
    expect(await log).toContain('"stopping"');
  },
);
