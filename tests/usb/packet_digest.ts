/**
 * A fingerprint of a conversation with a probe.
 *
 * @module
 */

/** FNV-1a of all requests in order; equal ones in a row count once, because polls repeat as time goes. */
export class PacketDigest {
  /** Requests so far. */
  packets = 0;
  /** The fingerprint so far. */
  value = 0x811c9dc5;
  #last = "";

  /** Adds a request. */
  add(packet: Uint8Array): void {
    this.packets++;
    const text = String(packet);
    if (text === this.#last) return;
    this.#last = text;
    for (const byte of packet) this.value = Math.imul(this.value ^ byte, 0x01000193) >>> 0;
  }
}
