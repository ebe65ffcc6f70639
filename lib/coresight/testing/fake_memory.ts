/**
 * Target memory as a plain array of words for tests, queueing like the real one: what is enqueued in one microtask is
 * one batch, and nothing after a failure is run.
 *
 * @module
 */
import { hex, wordsToBytes } from "../../base/bytes.ts";
import { VirtualClock } from "../../base/clock.ts";
import { TransferError } from "../../base/errors.ts";
import type { MemoryInterface } from "../../dap/memory.ts";

interface Item {
  readonly run: () => unknown;
  readonly resolve?: (value: unknown) => void;
  readonly reject?: (error: unknown) => void;
}

/** Result of a wait that ran out; the rest of its batch is not run. */
const MISMATCH = Symbol("mismatch");

/** A {@linkcode MemoryInterface} made of words. */
export class FakeMemory implements MemoryInterface {
  /** Words by aligned byte address; what is missing reads as zero. */
  readonly words = new Map<number, number>();
  /** Aligned byte addresses that answer with a bus error. */
  readonly faults = new Set<number>();
  /** Registers that compute what they read as. */
  readonly onRead = new Map<number, () => number>();
  /** Registers that react to a write; nothing is stored for them. */
  readonly onWrite = new Map<number, (value: number) => void>();
  /** Time spent in waits. */
  readonly clock = new VirtualClock();
  /** Batches that were run. */
  batches = 0;
  /** Every word written, oldest first. */
  readonly written: (readonly [address: number, value: number])[] = [];
  #pending: Item[] = [];
  #scheduled = false;
  #failure: unknown;

  /** Stores words from a byte address on. */
  store(address: number, ...words: number[]): void {
    words.forEach((word, index) => this.words.set(address + index * 4, word >>> 0));
  }

  /** Reads one byte. */
  async read8(address: number): Promise<number> {
    return (await this.readBytes(address, 1))[0]!;
  }

  /** Reads one half-word. */
  async read16(address: number): Promise<number> {
    const bytes = await this.readBytes(address, 2);
    return bytes[0]! | (bytes[1]! << 8);
  }

  /** Reads one word. */
  read32(address: number): Promise<number> {
    return this.#ask(() => this.#get(address));
  }

  /** Reads words. */
  readWords(address: number, count: number): Promise<Uint32Array> {
    return this.#ask(() => Uint32Array.from({ length: count }, (_, index) => this.#get(address + index * 4)));
  }

  /** Reads bytes. */
  readBytes(address: number, length: number): Promise<Uint8Array> {
    return this.#ask(() =>
      Uint8Array.from({ length }, (_, index) => {
        const at = address + index;
        return this.#get(at - (at % 4)) >>> ((at % 4) * 8);
      })
    );
  }

  /** Writes one byte. */
  write8(address: number, value: number): void {
    this.writeBytes(address, Uint8Array.of(value));
  }

  /** Writes one half-word. */
  write16(address: number, value: number): void {
    this.writeBytes(address, Uint8Array.of(value, value >>> 8));
  }

  /** Writes one word. */
  write32(address: number, value: number): void {
    this.#enqueue({ run: () => this.#put(address, value >>> 0) });
  }

  /** Writes words. */
  writeWords(address: number, words: Uint32Array): void {
    this.writeBytes(address, wordsToBytes(words));
  }

  /** Writes bytes. */
  writeBytes(address: number, bytes: Uint8Array): void {
    this.#enqueue({
      run: () => {
        for (const [index, byte] of bytes.entries()) {
          const at = address + index;
          const shift = (at % 4) * 8;
          const word = this.#get(at - (at % 4));
          this.#put(at - (at % 4), ((word & ~(0xff << shift)) | (byte << shift)) >>> 0);
        }
      },
    });
  }

  /** Looks once; a wait that is not fulfilled spends its whole time. */
  waitFor32(address: number, mask: number, value: number, timeoutMs: number): Promise<boolean> {
    return this.#ask(() => {
      if (((this.#get(address) & mask) >>> 0) === value >>> 0) return true;
      void this.clock.sleep(timeoutMs);
      return MISMATCH;
    }) as Promise<boolean>;
  }

  /** Waits for what is queued. */
  flush(): Promise<void> {
    return this.#ask(() => undefined);
  }

  #get(address: number): number {
    if (this.faults.has(address)) throw fault("read", address);
    return (this.onRead.get(address)?.() ?? this.words.get(address) ?? 0) >>> 0;
  }

  #put(address: number, value: number): void {
    if (this.faults.has(address)) throw fault("write", address);
    this.written.push([address, value]);
    const react = this.onWrite.get(address);
    if (react) react(value);
    else this.words.set(address, value);
  }

  #ask<T>(run: () => T): Promise<T> {
    const promise = new Promise<T>((resolve, reject) =>
      this.#enqueue({ run, resolve: resolve as (value: unknown) => void, reject })
    );
    promise.catch(() => {});
    return promise;
  }

  #enqueue(item: Item): void {
    this.#pending.push(item);
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => this.#run());
  }

  #run(): void {
    this.#scheduled = false;
    const batch = this.#pending;
    this.#pending = [];
    this.batches++;
    for (const item of batch) {
      if (this.#failure !== undefined) {
        if (!item.reject) continue;
        item.reject(this.#failure);
        this.#failure = new TransferError("Cannot read: an earlier transfer failed", "not-run");
        continue;
      }
      try {
        const value = item.run();
        if (value === MISMATCH) this.#failure = new TransferError("Cannot read: not run", "not-run");
        item.resolve?.(value === MISMATCH ? false : value);
      } catch (error) {
        if (item.reject) item.reject(error);
        this.#failure = item.reject ? new TransferError("Cannot read: not run", "not-run") : error;
      }
    }
    if (batch.some((item) => item.reject)) this.#failure = undefined;
  }
}

function fault(verb: string, address: number): TransferError {
  return new TransferError(`Cannot ${verb} memory at ${hex(address)}: the target answered FAULT`, "fault", { address });
}
