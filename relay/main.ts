import { runService } from '../common/service/service.ts';
import { serve } from './serve.ts';

await runService('relay', process.env, (log, tracing) => serve(process.env, log, tracing));
