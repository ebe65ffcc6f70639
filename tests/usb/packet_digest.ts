/**
 * A fingerprint of a conversation with a probe.
 *
 * @module
 */

import { equalBytes } from "../../lib/base/bytes.ts";

/** FNV-1a of all requests in order; equal ones in a row count once, because polls repeat as time goes. */
export class PacketDigest {
  /** Requests so far. */
  packets = 0;
  /** The fingerprint so far. */
  value = 0x811c9dc5;
  #last: Uint8Array = new Uint8Array();

  /** Adds a request. */
  add(packet: Uint8Array): void {
    this.packets++;
    if (equalBytes(packet, this.#last)) return;
    this.#last = packet.slice();
    for (const byte of packet) this.value = Math.imul(this.value ^ byte, 0x01000193) >>> 0;
  }
}
