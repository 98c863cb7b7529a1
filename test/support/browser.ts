/** A real browser, driven over its DevTools protocol: enough to load a page, look at it and use it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';

/** Undefined where there is none; `apt-get install chromium` brings it on Debian and Ubuntu. */
export const chromium = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);

const flags = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync', '--remote-debugging-port=0'],
];

export interface View {
  readonly width: number;
  readonly height: number;
  readonly isPhone: boolean;
  readonly scheme: 'light' | 'dark';
}

export interface Tab {
  /** Loads a page and resolves when it is loaded. */
  open(url: string): Promise<void>;
  /** Evaluates an expression in the page, waits for it if it is a promise, and returns its value as JSON. */
  evaluate<T = unknown>(expression: string): Promise<T>;
  /** Evaluates an expression until it is true; rejects with what `explain` evaluates to if that takes too long. */
  until(expression: string, explain?: string): Promise<void>;
  /** What the page's console was told as errors, and exceptions that nothing caught. */
  readonly errors: readonly string[];
}

export interface Browser {
  /** `script` runs in the page before any of its own. */
  tab(view: View, script: string): Promise<Tab>;
  close(): Promise<void>;
}

export async function startBrowser(path: string): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), 'parley-browser-'));
  const child = spawn(path, [...flags, `--user-data-dir=${profile}`, 'about:blank'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'exit');
  const devTools = new DevTools(await debuggerUrl(child));
  await devTools.opened;
  return {
    tab: (view, script) => openTab(devTools, view, script),
    async close() {
      child.kill('SIGKILL');
      await ended;
      // Its own children may still write for a moment.
      await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
}

async function debuggerUrl(child: ChildProcess): Promise<string> {
  const said: string[] = [];
  if (child.stderr === null) throw new Error('The browser has no output.');
  for await (const line of createInterface({ input: child.stderr })) {
    const url = /^DevTools listening on (ws:\S+)/.exec(line)?.[1];
    if (url !== undefined) return url;
    said.push(line);
  }
  throw new Error(`The browser did not start:\n${said.join('\n')}`);
}

async function openTab(devTools: DevTools, { width, height, isPhone, scheme }: View, script: string): Promise<Tab> {
  const context = await devTools.call('Target.createBrowserContext');
  const { targetId } = await devTools.call('Target.createTarget', { url: 'about:blank', browserContextId: context.browserContextId });
  const { sessionId } = await devTools.call('Target.attachToTarget', { targetId, flatten: true });
  const call = (method: string, params: object = {}) => devTools.call(method, params, String(sessionId));
  const errors: string[] = [];
  devTools.listen(String(sessionId), (method, params) => {
    if (method === 'Runtime.exceptionThrown' || (method === 'Log.entryAdded' && JSON.stringify(params).includes('"level":"error"'))) {
      errors.push(JSON.stringify(params));
    }
  });
  await call('Page.enable');
  await call('Runtime.enable');
  await call('Log.enable');
  await call('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: isPhone });
  await call('Emulation.setTouchEmulationEnabled', { enabled: isPhone });
  await call('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] });
  await call('Page.addScriptToEvaluateOnNewDocument', { source: script });

  const evaluate = async <T>(expression: string): Promise<T> => {
    const answer = await call('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    if (answer.exceptionDetails !== undefined) throw new Error(`${expression}: ${JSON.stringify(answer.exceptionDetails)}`);
    return (answer.result as { readonly value: T }).value;
  };
  return {
    errors,
    evaluate,
    async open(url) {
      const loaded = devTools.next(String(sessionId), 'Page.loadEventFired');
      await call('Page.navigate', { url });
      await loaded;
    },
    async until(expression, explain = 'document.body.innerText') {
      for (const start = performance.now(); performance.now() - start < 15_000; ) {
        if (await evaluate<boolean>(expression)) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      throw new Error(`Not true in time: ${expression}\n${JSON.stringify(await evaluate(explain))}`);
    },
  };
}

type Answer = Readonly<Record<string, unknown>>;
type Listener = (method: string, params: unknown) => void;

/** The protocol: numbered calls with answers, and events of sessions. */
class DevTools {
  readonly #socket: WebSocket;
  readonly #calls = new Map<number, { resolve(answer: Answer): void; reject(error: Error): void }>();
  readonly #listeners = new Map<string, Set<Listener>>();
  #lastId = 0;
  readonly opened: Promise<unknown>;

  constructor(url: string) {
    this.#socket = new WebSocket(url);
    this.opened = once(this.#socket, 'open');
    this.#socket.on('message', (data) => this.#onMessage(JSON.parse(String(data))));
  }

  call(method: string, params: object = {}, sessionId?: string): Promise<Answer> {
    const id = ++this.#lastId;
    this.#socket.send(JSON.stringify({ id, method, params, sessionId }));
    return new Promise((resolve, reject) => this.#calls.set(id, { resolve, reject }));
  }

  listen(sessionId: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(sessionId) ?? new Set();
    this.#listeners.set(sessionId, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  next(sessionId: string, wanted: string): Promise<void> {
    return new Promise((resolve) => {
      const stop = this.listen(sessionId, (method) => {
        if (method !== wanted) return;
        stop();
        resolve();
      });
    });
  }

  #onMessage(message: { id?: number; method?: string; params?: unknown; sessionId?: string; result?: Answer; error?: unknown }): void {
    const { id, method, params, sessionId, result, error } = message;
    if (id !== undefined) {
      const call = this.#calls.get(id);
      this.#calls.delete(id);
      if (error === undefined) call?.resolve(result ?? {});
      else call?.reject(new Error(JSON.stringify(error)));
    } else if (method !== undefined && sessionId !== undefined) {
      for (const listener of this.#listeners.get(sessionId) ?? []) listener(method, params);
    }
  }
}
