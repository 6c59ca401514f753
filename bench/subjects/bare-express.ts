// The same with Express 5 and its JSON body parser.
import express from 'express';

const app = express();
app.disable('x-powered-by').disable('etag');
app.post('/validate', express.json({ limit: '1mb' }), (_req, res) => {
  res.writeHead(200, { 'Content-Length': 0 }).end();
});
app.listen(Number(process.argv[2]), '127.0.0.1').keepAliveTimeout = 75_000;
