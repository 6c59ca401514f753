import { runService } from '../common/service/service.ts';
import { serve } from './serve.ts';

await runService('registry', process.env, (log) => serve(process.env, log));
