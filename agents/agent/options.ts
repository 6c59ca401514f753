import type { CallerOptions } from '../lib/command.ts';
import type { Provider } from './model/choice.ts';

/** The options of `agent`, as commander reads them. */
export interface AgentOptions extends CallerOptions {
  message?: string;
  mcpRegistryUrl?: string;
  model?: string;
  provider?: Provider;
  offline?: boolean;
  interactive?: boolean;
  verbose?: boolean;
  yes?: boolean;
  maxSteps: number;
  timeout: number;
}
