import { keptSecretKey } from '../../common/identity/kept-secret-key.ts';
import { databaseAnswers } from '../database.ts';

// Without a key in the settings, generate one in the volume: no image and no example contains a key.
process.env.SECRET_KEY ||= keptSecretKey(process.env.DATA_DIR || 'data');
await databaseAnswers(process.env.DATABASE_URL);
await import('../../auth-server/main.ts');
