#!/usr/bin/env node
/**
 * The process around the hub, and the only place that touches it: options, log, listening, signals, exit codes. As `parley nodes` it starts
 * no hub and shows the nodes of a cluster.
 *
 *     0     stopped by SIGTERM or SIGINT; everything that was accepted is in the log
 *     1     could not start (port, data folder, version of Node), did not stop in time, or a fault that nothing handled
 *     2     wrong options
 *     70    the store failed while running; start the hub again once the disk works
 *     130, 143    a second SIGINT or SIGTERM: ended at once
 *
 * Standard output carries one line, `parley listening on http://HOST:PORT`, when connections are accepted.
 * The log goes to standard error.
 */
import './supported-node-or-exit.ts';

import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { isIPv6 } from 'node:net';
import { resolve } from 'node:path';
import process from 'node:process';
import { commandOf } from './config/command.ts';
import { loadConfig } from './config/load.ts';
import { type Config, hubSettings, noFile } from './config/options.ts';
import { splitAddress, sqlite, withoutPasswords } from './config/servers.ts';
import { recommendedHttpOptions } from './connect/options.ts';
import { createHub, type Hub } from './hub.ts';
import { systemClock } from './lib/clock.ts';
import { nodesJson, nodesTable } from './nodes-command.ts';
import { createLog } from './observe/log.ts';
import { version } from './observe/version.ts';
import type { Log } from './ports/log.ts';

const exitCodes = { stopped: 0, failed: 1, wrongOptions: 2, storeFailed: 70, SIGINT: 130, SIGTERM: 143 };

/** What `hub.close` may take above the drain time before the process ends without it. */
const closeGraceMs = 1500;
/** `npm start` passes on the Ctrl-C that the terminal has already sent to the hub: that is still the first one. */
const secondSignalAfterMs = 500;
/** For the replies that tell clients that their messages may not have been stored. */
const finalRepliesMs = 250;

const serviceLinksNote =
  'These variables are about services in the network and not meant for the hub, so they are ignored. ' +
  'With "enableServiceLinks: false" Kubernetes leaves them out.';

const noCluster =
  'There are no nodes: a hub on SQLite is alone. Name the database of a cluster, as in parley nodes --store postgres://parley@127.0.0.1/parley';

// The hub must not end because whoever read its output has gone.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

const command = commandOf(process.argv.slice(2));
const loaded = loadConfig({
  argv: command.argv,
  env: process.env,
  readFile: (path) => readFileSync(path, 'utf8'),
});
if ('help' in loaded) process.stdout.write(loaded.help);
else if ('version' in loaded) process.stdout.write(`${version}\n`);
else if ('problem' in loaded) end(exitCodes.wrongOptions, loaded.problem);
else if (command.name === 'nodes') await showNodes(loaded.config, command.isJson);
else await start(loaded.config, loaded.ignored);

async function showNodes(config: Config, isJson: boolean): Promise<void> {
  const { store, storePasswordFile } = config;
  if (store === sqlite) end(exitCodes.wrongOptions, noCluster);
  try {
    // A hub on SQLite does without the driver.
    const { readNodes } = await import('./store/postgres/node-list.ts');
    const nodes = await readNodes(store, storePasswordFile === noFile ? undefined : storePasswordFile);
    process.stdout.write(isJson ? nodesJson(nodes) : nodesTable(nodes));
  } catch (error) {
    end(exitCodes.failed, startProblem(error, forNodes(config)));
  }
}

async function start(config: Config, ignored: readonly string[]): Promise<void> {
  const log = openLog(config);
  if (ignored.length > 0) log.warn({ variables: ignored }, serviceLinksNote);
  process.on('uncaughtException', (error) => {
    log.error({ error }, 'A fault that nothing handled: the hub ends. Everything that was acknowledged is stored.');
    process.exit(exitCodes.failed);
  });
  // What it is about to listen to.
  let listening = forNodes(config);
  try {
    // Absolute, for the messages; in a folder that was deleted this fails at once.
    const data = config.data === ':memory:' || config.store !== sqlite ? config.data : resolve(config.data);
    const hub = await createHub({ ...hubSettings(config), data, log, onFailed: () => endAfterStoreFailure(log) });
    listening = forClients(config);
    const server = createServer(recommendedHttpOptions);
    hub.attach(server);
    await listen(server, config);
    server.on('error', (error) => log.warn({ error }, 'A connection could not be accepted.'));
    stopOnSignal({ hub, server, config, log });
    log.info({ version, ...(config.store === sqlite ? { data } : { store: withoutPasswords(config.store) }) }, 'started');
    process.stdout.write(`parley listening on ${urlOf(server, config)}\n`);
    warnIfOpen(config, log);
  } catch (error) {
    end(exitCodes.failed, startProblem(error, listening));
  }
}

function openLog({ logLevel, logFormat }: Config): Log {
  const isTerminal = process.stderr.isTTY === true;
  return createLog({
    level: logLevel,
    format: logFormat === 'auto' ? (isTerminal ? 'pretty' : 'json') : logFormat,
    color: isTerminal && !process.env.NO_COLOR,
    write: (line) => process.stderr.write(line),
  });
}

function listen(server: Server, { port, host }: Config): Promise<void> {
  return new Promise((listening, reject) => {
    server.once('error', reject);
    server.listen({ port, host }, () => {
      server.off('error', reject);
      listening();
    });
  });
}

/** The address that was asked for, with the port that was found. */
function urlOf(server: Server, { port, host }: Config): string {
  const address = server.address();
  const realPort = typeof address === 'object' && address !== null ? address.port : port;
  return `http://${isIPv6(host) ? `[${host}]` : host}:${realPort}`;
}

function warnIfOpen(config: Config, log: Log): void {
  if (!config.allowOpenNetwork) return;
  log.warn({ host: config.host }, 'There is no authentication: whoever reaches this address can be any user.');
}

interface Running {
  readonly hub: Hub;
  readonly server: Server;
  readonly config: Config;
  readonly log: Log;
}

function stopOnSignal(running: Running): void {
  let stoppingSinceMs: number | undefined;
  const onSignal = (signal: 'SIGINT' | 'SIGTERM'): void => {
    const nowMs = systemClock.monotonic();
    if (stoppingSinceMs === undefined) {
      stoppingSinceMs = nowMs;
      void stop(running, signal);
    } else if (nowMs - stoppingSinceMs > secondSignalAfterMs) {
      process.exit(exitCodes[signal]);
    }
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
}

async function stop({ hub, server, config, log }: Running, signal: string): Promise<void> {
  log.info({ signal, drain_timeout_ms: config.drainTimeoutMs }, 'stopping: clients are told to reconnect');
  systemClock.after(config.drainTimeoutMs + closeGraceMs, () => {
    log.error({}, 'The hub did not stop in time and is ended. Everything that was acknowledged is stored.');
    process.exit(exitCodes.failed);
  });
  server.close();
  try {
    await hub.close();
    log.info({}, 'stopped');
    process.exit(exitCodes.stopped);
  } catch (error) {
    log.error({ error }, 'The hub could not stop cleanly. Everything that was acknowledged is stored.');
    process.exit(exitCodes.failed);
  }
}

function endAfterStoreFailure(log: Log): void {
  log.error({}, 'The store failed, so nothing can be acknowledged any more and the hub ends. Look at the disk, then start it again.');
  systemClock.after(finalRepliesMs, () => process.exit(exitCodes.storeFailed));
}

/** Where the hub could not listen, and which options change it. */
interface Listening {
  readonly host: string;
  readonly port: number;
  readonly hostFlag: string;
  readonly portFlag: string;
}

function forClients({ host, port }: Config): Listening {
  return { host, port, hostFlag: '--host', portFlag: '--port' };
}

function forNodes({ clusterAddress }: Config): Listening {
  const flag = '--cluster.address';
  return { ...splitAddress(clusterAddress), hostFlag: flag, portFlag: flag };
}

function startProblem(error: unknown, { host, port, hostFlag, portFlag }: Listening): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') return `Port ${port} of ${host} is in use by another program. Choose another one with ${portFlag}.`;
  if (code === 'EACCES') return `Port ${port} of ${host} may not be used by this user. Choose one above 1023 with ${portFlag}.`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return `This machine has no address "${host}". Choose another one with ${hostFlag}.`;
  return error instanceof Error ? error.message : String(error);
}

function end(code: number, problem: string): never {
  process.stderr.write(`${problem.replace(/^/gm, 'parley: ')}\n`);
  process.exit(code);
}
