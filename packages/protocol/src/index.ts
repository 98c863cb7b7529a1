export * from './commands.ts';
export * from './engineio.ts';
export * from './errors.ts';
export * from './events.ts';
export * from './ids.ts';
export * from './json-span.ts';
export * from './limits.ts';
export * from './socketio.ts';
