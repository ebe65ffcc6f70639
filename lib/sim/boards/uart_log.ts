/**
 * What simulated UARTs have sent.
 *
 * @module
 */

/** Bytes a simulated UART has sent. */
export class UartLog {
  #bytes: number[] = [];

  /** Adds a byte; the first mebibyte that nobody takes is kept. */
  push(byte: number): void {
    if (this.#bytes.length < 1 << 20) this.#bytes.push(byte & 0xff);
  }

  /** The bytes sent since the last call. */
  take(): Uint8Array<ArrayBuffer> {
    const bytes = Uint8Array.from(this.#bytes);
    this.#bytes = [];
    return bytes;
  }
}
