import type { Connection } from 'mysql2';

/** Bytes in front of a packet's own. */
const HEAD_BYTES = 4;
/** Room at first; pages that nobody writes to are not in memory. */
const FIRST_BYTES = 64 * 1024 * 1024;

type Packet = object & { numPackets: number };

/** What is used of the driver's parser: internals of mysql2 that test/databases/mysql-driver-internals.test.ts guards. */
interface Parser {
  largePacketParts: { readonly length: number; push(part: Buffer): unknown };
  _flushLargePacket: () => void;
  readonly firstPacketSequenceId: number;
  readonly _reusablePacket: object;
  onPacket(packet: Packet): void;
}

/**
 * A row over 16 MiB comes in parts. The driver keeps them all, then makes one buffer of them: twice the row, and anew
 * for every row. Here they are put behind one another in one buffer as they come, which is used again: a packet is
 * valid until the first part of the next large one. Returns what gives the driver its own way back.
 */
export function keepLargePackets(connection: Connection): () => void {
  const parser = (connection as unknown as { packetParser: Parser }).packetParser;
  const { largePacketParts: before, _flushLargePacket: flushBefore } = parser;
  const parts = new Parts();
  const PacketOf = parser._reusablePacket.constructor as new (
    id: number,
    bytes: Buffer,
    start: number,
    end: number,
  ) => Packet;
  parser.largePacketParts = parts;
  parser._flushLargePacket = () => {
    const { length } = parts;
    const bytes = parts.take();
    const packet = new PacketOf(parser.firstPacketSequenceId, bytes, 0, bytes.length);
    packet.numPackets = length;
    parser.onPacket(packet);
  };
  return () => {
    // In the middle of a row the connection is over; nobody reads its rest.
    parser.largePacketParts = before;
    parser._flushLargePacket = flushBefore;
  };
}

class Parts {
  /** Parts of the row that is coming. */
  length = 0;
  #bytes = Buffer.alloc(0);
  #used = HEAD_BYTES;

  push(part: Buffer): void {
    const used = this.#used + part.length;
    if (used > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, used, 2 * this.#bytes.length));
      this.#bytes.copy(larger, 0, 0, this.#used);
      this.#bytes = larger;
    }
    part.copy(this.#bytes, this.#used);
    this.#used = used;
    this.length += 1;
  }

  take(): Buffer {
    const whole = this.#bytes.subarray(0, this.#used);
    this.#used = HEAD_BYTES;
    this.length = 0;
    return whole;
  }
}
