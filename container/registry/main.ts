import { databaseAnswers } from '../database.ts';

await databaseAnswers(process.env.DATABASE_URL);
await import('../../registry/main.ts');
