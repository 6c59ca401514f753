import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { agentToken, callClock, signIn } from '../../compose/visit.ts';
import { credential } from '../cluster/credentials.ts';
import { images } from '../cluster/images.ts';
import { root } from '../cluster/place.ts';
import { until } from '../cluster/programs.ts';
import { podsOf } from '../pods.ts';
import { report } from '../report.ts';
import { own, type Scene, since } from './scene.ts';

/** What holds after a first start. */
export function firstStart(scene: Scene): void {
  test('After a first start an agent calls a tool with its token, and a person logs in and calls it', async () => {
    await until('the gateway answers', async () => (await scene.ask('/health')).status === 200);
    scene.bearer = { authorization: `Bearer ${await agentToken(scene.place)}` };
    const began = performance.now();
    await until('the agent calls the clock', () => scene.tells(scene.bearer));
    report(`the first call is answered after ${since(began)}`);
    scene.cookie = await signIn(scene.place, 'dave');
    expect(await scene.tells({ cookie: scene.cookie })).toBe(true);
    expect((await callClock(scene.place, {})).status).toBe(401);
    const cookie = await signIn(scene.place, 'bob');
    expect((await callClock(scene.place, { cookie })).headers['x-deny-code']).toBe('not_permitted');
  });

  test('The namespace admits no pod that asks for more than those of the gateway', () => {
    const { repository, tag } = images['mcp-gateway-registry'] ?? {};
    expect(() => own('run', 'more', `--image=${repository}:${tag}`)).toThrow(
      /violates PodSecurity "restricted:latest"/,
    );
  });

  test('No container has been restarted, and the pods of a deployment are on different nodes', () => {
    const restarted = ['gate', 'auth-server', 'hub', 'mcpgw', 'currenttime'].flatMap((name) =>
      podsOf(name).flatMap(({ metadata, status }) =>
        [...status.containerStatuses, ...(status.initContainerStatuses ?? [])]
          .filter(({ restartCount }) => restartCount > 0)
          .map((each) => `${metadata.name} ${each.name}`),
      ),
    );
    expect(restarted).toEqual([]);
    for (const name of ['gate', 'auth-server'])
      expect([name, new Set(podsOf(name).map(({ spec }) => spec.nodeName)).size]).toEqual([name, 2]);
  });

  test('No attack gets through', async () => {
    await until('all servers are healthy', async () => {
      const { text } = await scene.ask('/api/servers', scene.bearer);
      return text.includes('"healthy"') && !/"(unhealthy|degraded|unknown)"|"unstable":true/.test(text);
    });
    const args = ['attack/main.ts', '--url', scene.place.url, '--stand-in', scene.place.standIn];
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: credential('gateway.crt') };
    const options = { cwd: root, env, maxBuffer: 16_000_000 };
    // A failed attack still returns its output.
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, options).catch((error) => error);
    report(`npm run attack\n${stdout}${stderr}`);
    expect(stdout).toMatch(/ 0 got through/);
    expect(stdout).toMatch(/ 0 refused/);
  });
}
