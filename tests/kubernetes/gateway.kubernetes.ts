import { startCluster } from './cluster/cluster.ts';
import { stopAll } from './cluster/programs.ts';
import { deploy } from './gateway.ts';
import { keepLogs, report } from './report.ts';
import { changes } from './scenes/changes.ts';
import { firstStart } from './scenes/first-start.ts';
import { networkPolicies } from './scenes/network.ts';
import { outages } from './scenes/outages.ts';
import { Scene } from './scenes/scene.ts';

describe('The gateway on Kubernetes', () => {
  const scene = new Scene();

  beforeAll(async () => {
    report('starts a control plane and two nodes');
    await startCluster();
    report('applies deploy/kubernetes');
    scene.gateway = await deploy();
    report('deploy/kubernetes is rolled out');
  });

  afterAll(async () => {
    keepLogs();
    await stopAll();
  });

  firstStart(scene);
  networkPolicies();
  changes(scene);
  outages(scene);
});
