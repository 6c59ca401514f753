import { keptSecretKey } from '../../common/kept-secret-key.ts';

// Without a key in the settings the volume has one of its own: nothing that is written down in an image or an example.
process.env.SECRET_KEY ||= keptSecretKey(process.env.DATA_DIR || 'data');
await import('../../auth-server/main.ts');
