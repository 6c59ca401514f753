import { randomBytes } from 'node:crypto';

// One line and nothing else, so that it can be put into a file: echo "SECRET_KEY=$(npm run -s secret-key)" >> .env
console.log(randomBytes(32).toString('hex'));
