import type { PageFiles } from './page-files.ts';
import type { App } from './type-provider.ts';

const features = [
  'direct messages',
  'rooms',
  'broadcast',
  'presence',
  'durable inbox',
  'delivery receipts',
  'exactly-once sending',
  'history',
  'signals',
];

/** The page talks to this hub only, and nothing from the network can become a script in it. */
const pageHeaders = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
};

interface Greeting {
  readonly version: string;
  readonly socketPath: string;
}

/** `GET /`: the page for a browser, a few lines of JSON for everybody else. `GET /assets/…`: what the page consists of. */
export function pageRoutes(app: App, files: PageFiles, { version, socketPath }: Greeting): void {
  const greeting = { message: 'Parley is running.', version, features, websocket_endpoint: socketPath.replace(/\/$/, '') };

  for (const [name, { contentType, text }] of files) {
    if (name === 'index.html') continue;
    app.get(`/assets/${name}`, async (_request, reply) => {
      reply.type(contentType).header('cache-control', 'no-cache');
      return text;
    });
  }

  app.get('/', async (request, reply) => {
    reply.header('vary', 'accept');
    const page = files.get('index.html');
    if (page === undefined || !request.headers.accept?.includes('text/html')) return greeting;
    reply.type(page.contentType).headers(pageHeaders);
    return page.text;
  });
}
