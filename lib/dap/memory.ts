/**
 * Target memory as everything above the debug port sees it.
 *
 * Issue order is wire order: writes are queued and return nothing; reads queue and hand back a promise. Everything
 * queued in the same microtask travels in as few packets as fit. A failed write surfaces at the next awaited read or
 * {@linkcode MemoryInterface.flush}, with its address.
 *
 * @module
 */

/** Reads and writes a 32-bit byte-addressed space. */
export interface MemoryInterface {
  /** One byte, unsigned. @throws {TransferError} */
  read8(address: number): Promise<number>;
  /** One half-word at an even address, unsigned. @throws {TransferError} */
  read16(address: number): Promise<number>;
  /** One word at a word-aligned address, unsigned. @throws {TransferError} */
  read32(address: number): Promise<number>;
  /** `count` words from a word-aligned address. @throws {TransferError} with the address that failed */
  readWords(address: number, count: number): Promise<Uint32Array>;
  /** `length` bytes from any address, accessed by words wherever alignment allows. @throws {TransferError} */
  readBytes(address: number, length: number): Promise<Uint8Array>;

  /** Queues one byte. */
  write8(address: number, value: number): void;
  /** Queues one half-word at an even address. */
  write16(address: number, value: number): void;
  /** Queues one word at a word-aligned address. */
  write32(address: number, value: number): void;
  /** Queues words from a word-aligned address. The array must not change until it has been flushed. */
  writeWords(address: number, words: Uint32Array): void;
  /** Queues bytes to any address, by words wherever alignment allows. */
  writeBytes(address: number, bytes: Uint8Array): void;

  /**
   * Queues a wait until `(word & mask) === value`, polled by the probe where it can.
   *
   * @returns false when the value did not appear within `timeoutMs` milliseconds
   * @throws {TransferError}
   */
  waitFor32(address: number, mask: number, value: number, timeoutMs: number): Promise<boolean>;

  /** Sends what is queued and waits until all of it is done. @throws {TransferError} */
  flush(): Promise<void>;
}
