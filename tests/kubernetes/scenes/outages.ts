import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../cluster/programs.ts';
import { crash, destroy, podsOf, ready } from '../pods.ts';
import { report, reportLoad } from '../report.ts';
import { allOpen, type Scene, since } from './scene.ts';

/** What happens by accident. */
export function outages(scene: Scene): void {
  test('No call is refused while each auth-server crashes in turn', async () => {
    const calls = scene.startCalls();
    for (const pod of podsOf('auth-server')) {
      const began = performance.now();
      const restarts = () =>
        podsOf('auth-server').find(({ metadata }) => metadata.name === pod.metadata.name)?.status.containerStatuses[0]
          ?.restartCount ?? 0;
      const before = restarts();
      crash(pod);
      await until('it has restarted', () => restarts() > before);
      await ready('auth-server', 2);
      report(`an auth-server is ready ${since(began)} after its crash`);
    }
    const seen = await calls.stop();
    reportLoad('each auth-server crashed', seen);
    expect(seen.refused).toEqual([]);
  });

  test('After a gate is destroyed, calls and streams go through the other one', async () => {
    const streams = await scene.startStreams();
    const calls = scene.startCalls();
    const began = performance.now();
    for (const pod of podsOf('gate').slice(0, 1)) destroy(pod);
    await ready('gate', 2);
    report(`a new gate is ready ${since(began)} after one was destroyed`);
    await allOpen(streams);
    const seen = await calls.stop();
    reportLoad('a gate destroyed', seen, streams);
    streams.close();
    // Calls that it had accepted have no answer. Others fail until the load balancer has seen that it is gone.
    expect(seen.span).toBeLessThan(30);
  });

  test('While PostgreSQL is away calls are refused with a reason and no pod restarts; then all recovers by itself', async () => {
    const restarts = () =>
      ['gate', 'auth-server'].flatMap((name) =>
        podsOf(name).map(({ metadata, status }) => [
          metadata.name,
          status.containerStatuses.map((each) => each.restartCount),
        ]),
      );
    const before = restarts();
    const calls = scene.startCalls();
    await scene.gateway.database.stop();
    const list = async () => (await scene.ask('/api/servers', scene.bearer)).status;
    await until('it is missed', async () => (await list()) === 503);
    // Longer than a session is remembered.
    await sleep(90_000);
    const began = performance.now();
    await scene.gateway.database.start();
    await until('the person is known', () => scene.tells({ cookie: scene.cookie }));
    await until('the agent is served', () => scene.tells(scene.bearer));
    await until('the registry answers', async () => (await list()) === 200);
    report(`all is right again ${since(began)} after PostgreSQL was started`);
    const seen = await calls.stop();
    reportLoad('PostgreSQL away for 90 s', seen);
    expect(seen.refused.length).toBeGreaterThan(0);
    for (const each of seen.refused) expect(each).toMatch(/^503 .*"store_unavailable"/);
    expect(restarts()).toEqual(before);
  });
}
