import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packChart } from '../../release/make/archives.ts';
import { shellIn } from '../../release/shell.ts';
import { type Checkout, copyCheckout } from '../support/release/checkout.ts';
import { helm, template, valuesFrom } from './support/tools.ts';

const example = 'deploy/helm/examples/company.yaml';
let checkout: Checkout;
let folder: string;
beforeAll(() => {
  checkout = copyCheckout();
  folder = mkdtempSync(join(tmpdir(), 'chart-'));
  const named = { name: 'mcp-gateway-registry', version: '1.0.0', commit: 'HEAD' };
  packChart(shellIn(join(checkout.folder, 'deploy', 'helm'), process.env), named, folder);
});
afterAll(() => {
  checkout.remove();
  rmSync(folder, { recursive: true });
});

test('Helm reads the chart of a release, and renders the same as from the checkout', async () => {
  const archive = join(folder, 'mcp-gateway-registry-chart-1.0.0.tgz');
  const { code, out, errors } = await helm(
    ...['template', 'gateway', archive, '--namespace', 'mcp-gateway', ...valuesFrom([example])],
  );
  expect({ code, errors }).toEqual({ code: 0, errors: '' });
  expect(out).toBe((await template([example])).out);
});
