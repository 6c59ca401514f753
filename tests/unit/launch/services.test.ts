import { bundledServerNames } from '../../../common/settings/bundled-servers.ts';
import { defaultPorts, nodeServices } from '../../../launch/services.ts';

test('npm run up bounds the memory of all services but the relay, which takes streams by the memory of the machine', () => {
  const services = nodeServices({ ports: defaultPorts, dataDir: 'data', env: {}, standIn: true });
  const isBounded = ({ args }: { args: readonly string[] }) => args.includes('--max-old-space-size=1024');
  expect(services.length).toBeGreaterThan(bundledServerNames.length + 3);
  expect(services.filter((each) => !isBounded(each)).map(({ name }) => name)).toEqual(['relay']);
});
