import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { signIn } from '../../compose/visit.ts';
import { nodes } from '../cluster/cluster.ts';
import { images, nextTag } from '../cluster/images.ts';
import { kubectl, kubectlLater } from '../cluster/kubectl.ts';
import { nodeName, root, work } from '../cluster/place.ts';
import { until } from '../cluster/programs.ts';
import { rolledOut } from '../gateway.ts';
import { podsOf, ready } from '../pods.ts';
import { report, reportLoad } from '../report.ts';
import { allOpen, oldPodsGone, own, type Scene, since } from './scene.ts';

/** The images of the containers that a rolling update changes. */
const updated = {
  gate: { nginx: 'mcp-gateway-nginx', registry: 'mcp-gateway-registry', relay: 'mcp-gateway-registry' },
  'auth-server': { 'auth-server': 'mcp-gateway-registry' },
};

/** Replaces the policy in its ConfigMap, as docs/kubernetes.md does. */
function applyPolicy(text: string): void {
  const [policy, configMap] = [work('scopes.yml'), work('scopes-configmap.yml')];
  writeFileSync(policy, text);
  writeFileSync(
    configMap,
    own('create', 'configmap', 'scopes', `--from-file=${policy}`, '--dry-run=client', '-o', 'yaml'),
  );
  own('apply', '-f', configMap);
}

/** What an operator does on purpose: no call may be refused. */
export function changes(scene: Scene): void {
  test('A change of the policy in its ConfigMap gives a person a right and takes it away, without a restart', async () => {
    const bob = { cookie: await signIn(scene.place, 'bob') };
    expect(await scene.tells(bob)).toBe(false);
    const shipped = readFileSync(join(root, 'scopes.yml'), 'utf8');
    const given = shipped.replace(/(\n {2}mcp-registry-user:\n)/, '$1    - mcp-servers-restricted/execute\n');
    for (const [policy, may] of [
      [given, true],
      [shipped, false],
    ] as const) {
      const began = performance.now();
      applyPolicy(policy);
      let right = 0;
      // Each auth-server reads the file by itself.
      await until('all auth-servers follow it', async () => {
        right = (await scene.tells(bob)) === may ? right + 1 : 0;
        return right === 10;
      });
      report(`the policy of the ConfigMap is in force after ${since(began)}`);
    }
  });

  test('No call is refused while gate and auth-server grow to three pods and shrink to two', async () => {
    const calls = scene.startCalls();
    for (const count of [3, 2]) {
      own('scale', 'deployment/gate', 'deployment/auth-server', `--replicas=${count}`);
      for (const name of ['gate', 'auth-server']) await ready(name, count);
    }
    await oldPodsGone();
    const seen = await calls.stop();
    reportLoad('scaled to 3 and back to 2', seen);
    expect(seen.refused).toEqual([]);
  });

  test('No call is refused during a rolling update, and the streams come back', async () => {
    const streams = await scene.startStreams();
    const calls = scene.startCalls();
    const began = performance.now();
    for (const [name, containers] of Object.entries(updated)) {
      const next = Object.entries(containers).map(
        ([container, image]) => `${container}=${images[image]?.repository}:${nextTag}`,
      );
      own('set', 'image', `deployment/${name}`, ...next);
    }
    for (const name of Object.keys(updated)) await rolledOut(name);
    await oldPodsGone();
    report(`rolled out, and the old pods gone, after ${since(began)}`);
    await allOpen(streams);
    const seen = await calls.stop();
    reportLoad('rolling update', seen, streams);
    streams.close();
    expect(seen.refused).toEqual([]);
    for (const name of Object.keys(updated))
      for (const { status } of podsOf(name))
        for (const { image } of status.containerStatuses) expect(image).toMatch(new RegExp(`:${nextTag}$`));
  });

  test('No call is refused while a node is drained, and the streams come back', async () => {
    const streams = await scene.startStreams();
    const calls = scene.startCalls();
    const began = performance.now();
    // Not the node of the example server: it has one pod, whose calls fail while it moves.
    const busy = podsOf('currenttime')[0]?.spec.nodeName;
    const node = nodes.map(nodeName).find((each) => each !== busy) ?? '';
    await kubectlLater('drain', node, '--delete-emptydir-data', '--force', '--timeout=400s');
    report(`${node} is drained after ${since(began)}`);
    for (const name of ['gate', 'auth-server']) await ready(name, 2);
    await allOpen(streams);
    const seen = await calls.stop();
    reportLoad('node drained', seen, streams);
    streams.close();
    kubectl('uncordon', node);
    expect(seen.refused).toEqual([]);
    for (const name of ['gate', 'auth-server'])
      expect(podsOf(name).map(({ spec }) => spec.nodeName)).toEqual([busy, busy]);
  });
}
