import { root } from '../common/settings/values.ts';
import { runAsProgram } from '../operations/command.ts';
import { releaseOf } from './release.ts';

await runAsProgram(releaseOf(root));
