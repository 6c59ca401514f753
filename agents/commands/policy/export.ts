import { writeFile } from 'node:fs/promises';
import * as z from 'zod';
import { currentPolicy } from '../../../common/doors/versions.ts';
import { does, type Run, withSession } from '../../lib/command.ts';
import { usageError } from '../../lib/failure.ts';
import { numberOf, openPolicyApi, type PolicyOptions } from './ask.ts';

interface ExportOptions extends PolicyOptions {
  ofVersion?: string;
}

const textOfVersion = z.object({ text: z.string(), version: z.string() });

/** `policy export`: the text of the policy, for a file or git. */
export const exportCommand = does<ExportOptions>(
  'export',
  'Write the text of the policy to a file, or to stdout.',
  ['mcp-gateway policy export scopes.yml', 'mcp-gateway policy export --of-version 7 | diff - scopes.yml'],
  (command) =>
    withSession(
      command.argument('[file]', 'where to write it').option('--of-version <number>', 'an older version instead'),
    ),
  exportPolicy,
);

async function exportPolicy({ options, args, ...run }: Run<ExportOptions>): Promise<undefined> {
  const ask = await openPolicyApi({ options, args, ...run });
  const { ofVersion } = options;
  const { text, version } =
    ofVersion === undefined
      ? await ask('', currentPolicy)
      : await ask(`/versions/${numberOf(ofVersion, 'version')}`, textOfVersion);
  const [file] = args;
  // Byte for byte: the file has the same digest as the version.
  if (file === undefined) return void run.context.stdout.write(text);
  await writeFile(file, text).catch((cause: NodeJS.ErrnoException) => {
    throw usageError(`${file} cannot be written (${cause.code ?? 'unknown'}).`, [], cause);
  });
  run.print.result({ file, version }, () => `${file} has version ${version} of the policy.`);
}
