/** How a server that the benchmark starts says how it is set up, and where it listens. */
import type { Server } from 'node:http';

export function announce(server: Server, settings: readonly string[]): void {
  for (const setting of [`Node ${process.version}`, ...settings]) process.stdout.write(`setting: ${setting}\n`);
  server.listen(0, '127.0.0.1', 4096, () => {
    const address = server.address();
    if (address !== null && typeof address === 'object') process.stdout.write(`listening on http://127.0.0.1:${address.port}\n`);
  });
}
