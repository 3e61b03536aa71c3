import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import type { IncomingHttpHeaders } from 'node:http2';

/** Longest wait for one answer, in milliseconds. */
const ANSWER_MS = 2_000;

/** Connects, says something, and gives the first bytes of the answer; null when nothing came. */
async function ask(port: number, host: string, words: string): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const socket = connect({ port, host });
    const end = (answer: Buffer | null): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(ANSWER_MS, () => {
      end(null);
    });
    socket.once('error', () => {
      end(null);
    });
    socket.once('close', () => {
      end(null);
    });
    socket.once('data', end);
    if (words !== '') socket.write(words);
  });
}

/** Redis answers a PING; while it still loads its file it answers with an error. */
export async function redisAnswers(port: number): Promise<boolean> {
  const answer = await ask(port, '127.0.0.1', 'PING\r\n');
  return answer?.toString('latin1').startsWith('+PONG') === true;
}

/** MariaDB greets with protocol version 10 once it takes connections. */
export async function mariadbAnswers(port: number): Promise<boolean> {
  const answer = await ask(port, '127.0.0.1', '');
  return answer?.[4] === 10;
}

/** Whether anything takes a TCP connection there. */
export async function takesConnections(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host, timeout: ANSWER_MS });
    const end = (taken: boolean): void => {
      socket.destroy();
      resolve(taken);
    };
    socket.once('connect', () => {
      end(true);
    });
    socket.once('error', () => {
      end(false);
    });
    socket.once('timeout', () => {
      end(false);
    });
  });
}

/**
 * Temporal serves the namespace: one `DescribeNamespace` call, encoded by hand, because loading the client library
 * takes longer than the server's whole start.
 */
export async function temporalServes(address: string, namespace: string): Promise<boolean> {
  const name = Buffer.from(namespace);
  const message = Buffer.concat([Buffer.from([0x0a, name.length]), name]);
  const frame = Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]);
  return new Promise((resolve) => {
    const session = connectHttp2(`http://${address}`);
    const end = (serves: boolean): void => {
      session.destroy();
      resolve(serves);
    };
    session.once('error', () => {
      end(false);
    });
    session.setTimeout(ANSWER_MS, () => {
      end(false);
    });
    const request = session.request({
      ':method': 'POST',
      ':path': '/temporal.api.workflowservice.v1.WorkflowService/DescribeNamespace',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    request.once('error', () => {
      end(false);
    });
    request.once('response', (headers) => {
      if (headers['grpc-status'] !== undefined) end(headers['grpc-status'] === '0');
    });
    request.once('trailers', (trailers: IncomingHttpHeaders) => {
      end(trailers['grpc-status'] === '0');
    });
    request.resume();
    request.end(frame);
  });
}
