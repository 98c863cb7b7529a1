import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { answerJson } from './respond.ts';

const compress = promisify(gzip);

/** Also what keeps a path from the request away from the file system. */
const fileNames: ReadonlySet<string> = new Set(
  ['socket.io.js', 'socket.io.min.js', 'socket.io.esm.min.js', 'socket.io.msgpack.min.js'].flatMap((name) => [name, `${name}.map`]),
);

interface ClientFile {
  readonly plain: Buffer;
  readonly gzipped: Buffer;
}

/** Serves the browser builds of the stock client, as the reference server does below its path. */
export class ClientFiles {
  readonly #directory: string;
  readonly #etag: string;
  readonly #files = new Map<string, Promise<ClientFile>>();

  constructor() {
    const require = createRequire(import.meta.url);
    const { version }: { version: string } = require('socket.io-client/package.json');
    this.#directory = join(dirname(require.resolve('socket.io-client/package.json')), 'dist');
    this.#etag = `"${version}"`;
  }

  /** Answers a request for a file. Never throws; what there is not is a 404. */
  handleRequest(name: string, req: IncomingMessage, res: ServerResponse): void {
    if (!fileNames.has(name) || (req.method !== 'GET' && req.method !== 'HEAD')) {
      answerJson(res, 404, { error: 'Not found' });
      return;
    }
    if (req.headers['if-none-match']?.replace(/^W\//, '') === this.#etag) {
      res.writeHead(304).end();
      return;
    }
    this.#read(name).then(
      (file) => this.#answer(name, file, req, res),
      () => answerJson(res, 404, { error: 'Not found' }),
    );
  }

  /** Read once and kept: all of them together are about 2 MB. */
  #read(name: string): Promise<ClientFile> {
    const known = this.#files.get(name);
    if (known !== undefined) return known;
    const file = readFile(join(this.#directory, name)).then(async (plain) => ({ plain, gzipped: await compress(plain) }));
    this.#files.set(name, file);
    return file;
  }

  #answer(name: string, { plain, gzipped }: ClientFile, req: IncomingMessage, res: ServerResponse): void {
    const isGzip = /\bgzip\b/.test(req.headers['accept-encoding']?.toString() ?? '');
    const body = isGzip ? gzipped : plain;
    res.writeHead(200, {
      'Content-Type': `application/${name.endsWith('.map') ? 'json' : 'javascript'}; charset=utf-8`,
      'Content-Length': body.length,
      'Cache-Control': 'public, max-age=0',
      ETag: this.#etag,
      Vary: 'Accept-Encoding',
      ...(isGzip ? { 'Content-Encoding': 'gzip' } : {}),
    });
    res.end(req.method === 'HEAD' ? undefined : body);
  }
}
