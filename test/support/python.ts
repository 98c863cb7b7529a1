/** The stock Python client, as Debian packages it (python3-socketio, and python3-websocket for WebSocket). */
import { spawnSync } from 'node:child_process';

export const python = '/usr/bin/python3';

const packages = { socketio: 'python3-socketio', requests: 'python3-requests', websocket: 'python3-websocket' };

/** What would have to be installed for it. */
export const pythonMissing: readonly string[] = Object.entries(packages).flatMap(([module, name]) =>
  spawnSync(python, ['-c', `import ${module}`]).status === 0 ? [] : [name],
);
