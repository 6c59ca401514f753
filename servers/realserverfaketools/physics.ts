import * as z from 'zod';
import { defineFake } from './fake-tool.ts';

/** Pretends to measure quantum flux. */
export const quantumFluxAnalyzer = defineFake({
  name: 'quantum_flux_analyzer',
  title: 'Quantum flux analyzer (demo)',
  description: 'Demonstration tool: pretends to analyze quantum flux at an energy level. Its answers are synthetic.',
  input: z.object({
    energy_level: z.int().min(1).max(10).default(5).describe('energy level of the analysis, 1 to 10'),
    stabilization_factor: z.number().min(0).max(1).default(0.75).describe('how much the flux is stabilized, 0 to 1'),
    enable_temporal_shift: z.boolean().default(false).describe('whether to allow a shift in time'),
  }),
  output: {
    flux_density: z.number(),
    stability: z.number().describe('0 to 1'),
    temporal_shift_seconds: z.number(),
    verdict: z.enum(['stable', 'fluctuating', 'critical']),
  },
  make: ({ energy_level, stabilization_factor, enable_temporal_shift }, dice) => {
    const stability = Math.min(1, Math.round(stabilization_factor * dice.number(0.6, 1.1) * 100) / 100);
    return {
      flux_density: Math.round(energy_level * dice.number(8, 12) * 100) / 100,
      stability,
      temporal_shift_seconds: enable_temporal_shift ? dice.number(-5, 5) : 0,
      verdict:
        stability > 0.6 ? ('stable' as const) : stability > 0.3 ? ('fluctuating' as const) : ('critical' as const),
    };
  },
});

/** Pretends to map a place into higher dimensions. */
export const hyperDimensionalMapper = defineFake({
  name: 'hyper_dimensional_mapper',
  title: 'Hyper-dimensional mapper (demo)',
  description: 'Demonstration tool: pretends to map a place into higher dimensions. Its answers are synthetic.',
  input: z.object({
    coordinates: z.object({
      latitude: z.number().min(-90).max(90).describe('degrees north'),
      longitude: z.number().min(-180).max(180).describe('degrees east'),
      altitude: z.number().optional().describe('metres above sea level'),
    }),
    dimension_count: z.int().min(4).max(11).default(5).describe('dimensions to map into, 4 to 11'),
    reality_anchoring: z
      .number()
      .min(0.1)
      .max(1)
      .default(0.8)
      .describe('how firmly the map keeps to reality, 0.1 to 1'),
  }),
  output: {
    mapped_coordinates: z.array(z.number()).describe('one per dimension'),
    reality_deviation: z.number().describe('0 to 1'),
  },
  make: ({ coordinates, dimension_count, reality_anchoring }, dice) => {
    const known = [coordinates.latitude, coordinates.longitude, coordinates.altitude ?? 0];
    const added = Array.from({ length: dimension_count - known.length }, () => dice.number(-100, 100));
    return {
      mapped_coordinates: [...known, ...added],
      reality_deviation: Math.round((1 - reality_anchoring) * dice.number(0.5, 1) * 100) / 100,
    };
  },
});

const moment = z.iso.date().or(z.iso.datetime({ offset: true }));
const anomalyTypes = ['temporal_shift', 'causal_loop', 'timeline_divergence'] as const;

/** Pretends to find anomalies, at moments inside the window. */
export const temporalAnomalyDetector = defineFake({
  name: 'temporal_anomaly_detector',
  title: 'Temporal anomaly detector (demo)',
  description: 'Demonstration tool: pretends to find anomalies in a window of time. Its answers are synthetic.',
  input: z.object({
    timeframe: z
      .object({
        start: moment.describe('2026-01-02, or with time and offset'),
        end: moment.describe('as start, and not before it'),
      })
      .refine(({ start, end }) => Date.parse(start) <= Date.parse(end), { error: 'start must not be after end' }),
    sensitivity: z.int().min(1).max(10).default(7).describe('the higher, the more anomalies, 1 to 10'),
    anomaly_types: z
      .array(z.enum(anomalyTypes))
      .min(1)
      .max(3)
      .default([...anomalyTypes])
      .describe('which kinds to look for'),
  }),
  output: {
    anomalies: z.array(z.object({ time: z.string(), type: z.string(), severity: z.number().describe('0 to 10') })),
    total: z.int(),
  },
  make: ({ timeframe, sensitivity, anomaly_types }, dice) => {
    const [start, end] = [Date.parse(timeframe.start), Date.parse(timeframe.end)];
    const count = dice.int(0, Math.ceil(sensitivity / 2));
    const anomalies = Array.from({ length: count }, () => ({
      time: new Date(start + (dice.int(0, 1_000_000) / 1_000_000) * (end - start)).toISOString(),
      type: dice.pick(anomaly_types as [string, ...string[]]),
      severity: dice.number(0, 10),
    })).sort((a, b) => a.time.localeCompare(b.time));
    return { anomalies, total: anomalies.length };
  },
});
