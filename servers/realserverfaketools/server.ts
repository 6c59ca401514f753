import type { Express } from 'express';
import type { Logger } from '../../common/service/log.ts';
import { bundledApp } from '../mcp-app.ts';
import { neuralPatternSynthesizer, syntheticDataGenerator, userProfileAnalyzer } from './patterns.ts';
import { hyperDimensionalMapper, quantumFluxAnalyzer, temporalAnomalyDetector } from './physics.ts';

const instructions =
  'Demonstration tools with arguments of every kind, to try permissions and agents on. Every answer is synthetic: made up from the arguments, the same each time.';

const tools = [
  quantumFluxAnalyzer,
  neuralPatternSynthesizer,
  hyperDimensionalMapper,
  temporalAnomalyDetector,
  userProfileAnalyzer,
  syntheticDataGenerator,
];

/** The realserverfaketools server over HTTP, not yet listening. */
export function createApp(log: Logger): Express {
  return bundledApp('realserverfaketools', log, instructions, (server) => {
    for (const addTo of tools) addTo({ server, log });
  });
}
