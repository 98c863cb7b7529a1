/** Bun's own WebSocket server with its publish and subscribe, as its documentation shows it. Run by Bun. */

/** The part of Bun's interface that is used here. */
interface BunSocket {
  readonly data: { readonly room: string };
  subscribe(topic: string): void;
  publish(topic: string, data: string): void;
}
declare const Bun: {
  readonly version: string;
  serve(options: {
    port: number;
    hostname: string;
    fetch(
      request: { readonly url: string },
      server: { upgrade(request: unknown, options: { data: { room: string } }): boolean },
    ): Response | undefined;
    websocket: { open(ws: BunSocket): void; message(ws: BunSocket, message: string): void };
  }): { readonly port: number };
};

const { port } = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch(request, server) {
    const isUpgraded = server.upgrade(request, { data: { room: new URL(request.url).pathname } });
    return isUpgraded ? undefined : new Response('WebSocket only', { status: 426 });
  },
  websocket: {
    open(ws) {
      ws.subscribe(ws.data.room);
    },
    message(ws, message) {
      ws.publish(ws.data.room, message);
    },
  },
});

process.stdout.write(`setting: Bun ${Bun.version}\nsetting: ws.publish(), perMessageDeflate off (its default)\n`);
process.stdout.write(`listening on http://127.0.0.1:${port}\n`);
