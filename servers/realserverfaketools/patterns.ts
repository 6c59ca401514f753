import * as z from 'zod';
import { defineFake } from './fake-tool.ts';
import { fillRecord, recordSchema } from './records.ts';

/** Pretends to combine patterns. */
export const neuralPatternSynthesizer = defineFake({
  name: 'neural_pattern_synthesizer',
  title: 'Neural pattern synthesizer (demo)',
  description: 'Demonstration tool: pretends to combine patterns into a new one. Its answers are synthetic.',
  input: z.object({
    input_patterns: z.array(z.string().max(200)).min(1).max(50).describe('names of the patterns to combine'),
    coherence_threshold: z.number().min(0).max(1).default(0.7).describe('least coherence to accept, 0 to 1'),
    dimensions: z.int().min(1).max(10).default(3).describe('dimensions of the result, 1 to 10'),
  }),
  output: {
    pattern: z.string(),
    coherence: z.number().describe('0 to 1'),
    accepted: z.boolean(),
    vector: z.array(z.number()),
  },
  make: ({ input_patterns, coherence_threshold, dimensions }, dice) => {
    const coherence = dice.number(0.4, 1);
    return {
      pattern: input_patterns.join('+').slice(0, 200),
      coherence,
      accepted: coherence >= coherence_threshold,
      vector: Array.from({ length: dimensions }, () => dice.number(-1, 1)),
    };
  },
});

/** Pretends to analyze a profile. Looks up and stores nothing. */
export const userProfileAnalyzer = defineFake({
  name: 'user_profile_analyzer',
  title: 'User profile analyzer (demo)',
  description:
    'Demonstration tool: pretends to analyze a user profile. Its answers are synthetic; the profile is not kept.',
  input: z.object({
    profile: z.object({
      username: z.string().min(1).max(100).describe('name of the user'),
      email: z.email().max(200).describe('e-mail address'),
      age: z.int().min(0).max(150).optional().describe('age in years'),
      interests: z.array(z.string().max(100)).max(20).default([]).describe('what the user likes'),
    }),
    analysis_options: z
      .object({
        depth: z.int().min(1).max(10).default(3).describe('how deep to look, 1 to 10'),
        include_metadata: z.boolean().default(true).describe('whether to say how the result came about'),
      })
      .prefault({}),
  }),
  output: {
    username: z.string(),
    engagement: z.number().describe('0 to 100'),
    segment: z.enum(['explorer', 'regular', 'expert']),
    suggested_interests: z.array(z.string()),
    metadata: z.object({ depth: z.int(), fields_seen: z.array(z.string()) }).optional(),
  },
  make: ({ profile, analysis_options: { depth, include_metadata } }, dice) => ({
    username: profile.username,
    engagement: dice.number(0, 100),
    segment: dice.pick(['explorer', 'regular', 'expert']),
    suggested_interests: Array.from({ length: Math.min(depth, 3) }, () =>
      dice.pick(['time travel', 'dimension hopping', 'flux tuning', 'pattern weaving', 'loop closing']),
    ),
    ...(include_metadata && { metadata: { depth, fields_seen: Object.keys(profile).sort() } }),
  }),
});

/** Records by a schema of field names and types. */
export const syntheticDataGenerator = defineFake({
  name: 'synthetic_data_generator',
  title: 'Synthetic data generator (demo)',
  description: 'Demonstration tool: makes synthetic records with the fields and types of a schema.',
  input: z.object({
    schema: recordSchema,
    record_count: z.int().min(1).max(1000).default(10).describe('how many records, 1 to 1000'),
    seed: z.int().optional().describe('another number gives other records; the same gives the same'),
  }),
  output: { records: z.array(z.record(z.string(), z.unknown())), total: z.int() },
  make: ({ schema, record_count }, dice) => {
    const records = Array.from({ length: record_count }, () => fillRecord(schema, dice));
    return { records, total: records.length };
  },
});
