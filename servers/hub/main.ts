import { runServer } from '../run.ts';
import { assembleHub } from './assemble.ts';

await runServer('hub', process.env, assembleHub);
