/** Every way in which a request can fail, as JSON, without its cause or a stack. */
import { type ErrorCode, errorTable, HubError } from '@parley/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import type { Log } from '../ports/log.ts';
import type { failure } from './schemas.ts';

type Failure = Static<typeof failure>;

const listOfRoutes = 'GET / lists what there is; sending goes over Socket.IO, at /socket.io/.';
const retryAfterS = 1;

export const roomNotFound: Failure = failureOf('Room not found', 'room_not_found', errorTable.room_not_found.message);

export async function answerNotFound(_request: FastifyRequest, reply: FastifyReply): Promise<void> {
  await reply.code(404).send(failureOf('Not found', 'not_found', `There is nothing at this path. ${listOfRoutes}`));
}

/** All routes read. Runs before a body is looked at. */
export async function refuseOtherMethods(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  if (request.is404) return answerNotFound(request, reply);
  if (request.method === 'GET' || request.method === 'HEAD') return;
  const message = `This path answers GET only. ${listOfRoutes}`;
  await reply
    .code(405)
    .header('allow', 'GET, HEAD')
    .send(failureOf('Method not allowed', 'method_not_allowed', message));
}

/** For what a handler throws and for requests that Fastify turns away itself. */
export function errorAnswerer(log: Log) {
  return async (error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const status = statusOf(error);
    if (status === 404) {
      await reply.code(status).send(roomNotFound);
      return;
    }
    const problem = problemOf(error);
    if (problem !== undefined) {
      await reply.code(status).send(failureOf('Bad request', 'invalid_payload', problem));
      return;
    }
    if (status < 500) {
      await reply.code(status).send(failureOf('Bad request', 'invalid_request', `The hub can't read this request. ${listOfRoutes}`));
      return;
    }
    const code: ErrorCode = error instanceof HubError ? error.code : 'internal_error';
    if (code === 'internal_error')
      log.error({ error, route: request.routeOptions.url }, 'A request failed in a way that no error code foresees.');
    if (status === 503) reply.header('retry-after', String(retryAfterS));
    await reply.code(status).send(failureOf(status === 503 ? 'Unavailable' : 'Internal error', code, errorTable[code].message));
  };
}

/** What is wrong with the parameters, if that is what is wrong. */
function problemOf(error: unknown): string | undefined {
  if (error instanceof HubError) return error.code === 'invalid_payload' ? error.message : undefined;
  // "querystring/limit must be <= 500": nothing that the request said.
  return error instanceof Error && 'validation' in error ? `${error.message.replace(/^\w+\//, '')}.` : undefined;
}

function statusOf(error: unknown): number {
  if (error instanceof HubError) return statusOfCode(error.code);
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return 500;
  return typeof error.statusCode === 'number' && error.statusCode >= 400 && error.statusCode < 500 ? error.statusCode : 500;
}

function statusOfCode(code: ErrorCode): number {
  if (code === 'invalid_payload') return 400;
  if (code === 'room_not_found') return 404;
  return errorTable[code].retry === 'later' && code !== 'internal_error' ? 503 : 500;
}

function failureOf(error: string, code: string, message: string): Failure {
  return { status: 'error', error, code, message };
}
