import { keptSecretKey } from '../../common/identity/kept-secret-key.ts';
import { databaseAnswers } from '../database.ts';

// Without a key in the settings the volume has one of its own: nothing that is written down in an image or an example.
process.env.SECRET_KEY ||= keptSecretKey(process.env.DATA_DIR || 'data');
await databaseAnswers(process.env.DATABASE_URL);
await import('../../auth-server/main.ts');
