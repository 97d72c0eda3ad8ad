/**
 * A WebSocket client as small as load needs: one handshake, masked frames out, whole frames in. It is
 * the generator's, so that ten thousand of them fit beside the servers they measure; apps use
 * client/. It speaks to our own gateway only and treats anything unexpected as the end.
 */
import { randomBytes } from 'node:crypto';
import { createConnection, type Socket } from 'node:net';
import { SUBPROTOCOL, WIRE_PATH } from '../../contracts/wire/messages.ts';

const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;
/** Every frame in our direction is smaller than this; a longer one ends the socket. */
const FRAME_BYTES_MAX = 65_536;

export interface WireHandlers {
  onText(text: string): void;
  onBinary(bytes: Uint8Array): void;
  onClose(code: number): void;
}

export class WireClient {
  private readonly socket: Socket;
  private handlers: WireHandlers;
  private rest: Buffer | null = null;
  private isUpgraded = false;
  private closeCode = 1006;

  /** @param localAddress where the socket comes from: one address has only some 28,000 ports */
  constructor(port: number, localAddress: string, handlers: WireHandlers, onOpen: () => void) {
    this.handlers = handlers;
    const key = randomBytes(16).toString('base64');
    this.socket = createConnection({ port, host: '127.0.0.1', localAddress, noDelay: true }, () => {
      this.socket.write(
        `GET ${WIRE_PATH} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\n` +
          `Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n` +
          `Sec-WebSocket-Protocol: ${SUBPROTOCOL}\r\n\r\n`,
      );
    });
    this.socket.on('data', (chunk) => this.take(chunk, onOpen));
    this.socket.on('error', () => this.socket.destroy());
    this.socket.on('close', () => this.handlers.onClose(this.closeCode));
  }

  sendText(text: string): void {
    this.send(TEXT, Buffer.from(text));
  }

  sendBinary(bytes: Uint8Array): void {
    this.send(BINARY, bytes);
  }

  /** Stops reading: the kernel's buffers fill and the gateway meets a slow consumer. */
  pause(): void {
    this.socket.pause();
  }

  close(): void {
    this.handlers = { onText() {}, onBinary() {}, onClose() {} };
    this.socket.destroy();
  }

  /** A mask of zeros is a mask: the server still undoes it, and the generator is spared the work. */
  private send(opcode: number, payload: Uint8Array): void {
    const { length } = payload;
    const header = length < 126 ? 2 : 4;
    const frame = Buffer.alloc(header + 4 + length);
    frame[0] = 0x80 | opcode;
    frame[1] = 0x80 | Math.min(length, 126);
    if (header === 4) frame.writeUInt16BE(length, 2);
    frame.set(payload, header + 4);
    this.socket.write(frame);
  }

  private take(chunk: Buffer, onOpen: () => void): void {
    let bytes = this.rest ? Buffer.concat([this.rest, chunk]) : chunk;
    this.rest = null;
    if (!this.isUpgraded) {
      const end = bytes.indexOf('\r\n\r\n');
      if (end < 0) {
        this.rest = bytes;
        return;
      }
      if (!bytes.toString('latin1', 0, 12).endsWith('101')) return this.close();
      this.isUpgraded = true;
      bytes = bytes.subarray(end + 4);
      onOpen();
    }
    let at = 0;
    for (let next = this.takeFrame(bytes, at); next > at; next = this.takeFrame(bytes, at))
      at = next;
    if (at < bytes.length) this.rest = Buffer.from(bytes.subarray(at));
  }

  /** Handles the frame at `at`; returns where the next one begins, or `at` when it is not whole. */
  private takeFrame(bytes: Buffer, at: number): number {
    if (bytes.length - at < 2) return at;
    const opcode = (bytes[at] ?? 0) & 15;
    let length = (bytes[at + 1] ?? 0) & 127;
    let begin = at + 2;
    if (length === 126) {
      if (bytes.length - at < 4) return at;
      length = bytes.readUInt16BE(begin);
      begin += 2;
    } else if (length === 127) length = FRAME_BYTES_MAX + 1;
    if (length > FRAME_BYTES_MAX) {
      this.socket.destroy();
      return at;
    }
    const end = begin + length;
    if (bytes.length < end) return at;
    const payload = bytes.subarray(begin, end);
    if (opcode === TEXT) this.handlers.onText(payload.toString());
    else if (opcode === BINARY) this.handlers.onBinary(payload);
    else if (opcode === PING) this.send(PONG, payload);
    else if (opcode === CLOSE) {
      if (length >= 2) this.closeCode = payload.readUInt16BE(0);
      this.socket.end();
    }
    return end;
  }
}

/** The n-th source address, some thousands of sockets each. */
export function sourceAddress(n: number): string {
  const block = Math.floor(n / 5_000);
  return `127.0.${1 + (block >> 8)}.${1 + (block & 255)}`;
}
