/**
 * One transfer of libusb, in the memory that the library shares with Deno.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import { PENDING, TRANSFER, TRANSFER_STATUS } from "./symbols.ts";

/** Bytes of memory each transfer starts with: enough for all but unusual ones. */
const CAPACITY = 4096;

/** How libusb says a transfer ended. */
export type TransferStatus = (typeof TRANSFER_STATUS)[number];

/**
 * Hears how a transfer ended: the status, how many bytes moved, and what was read (for control requests what follows the
 * setup packet; empty after a write). What was read lies in memory that other transfers use afterwards: whoever wants to
 * keep it copies it. Must not throw.
 */
export type TransferDone = (status: TransferStatus, actual: number, received: Bytes) => void;

/** What to transfer. */
export interface TransferRequest {
  /** Device handle. */
  readonly handle: Deno.PointerValue;
  /** Endpoint address; 0 for control. */
  readonly endpoint: number;
  /** One of `TRANSFER_TYPE`. */
  readonly type: number;
  /** What to write, copied before `submit` returns: the data, or the setup packet and the data of a control request. */
  readonly bytes: Uint8Array;
  /** Most bytes to read, 0 for a write. */
  readonly room: number;
  /** Limit in milliseconds, 0 for none. */
  readonly timeoutMs: number;
  /** Cancels it. */
  readonly signal?: AbortSignal | undefined;
  /** Called once when it has ended, however. */
  readonly done: TransferDone;
}

const NOTHING: Bytes = new Uint8Array(0);

/**
 * One `struct libusb_transfer` and the memory its data passes through, used again and again. The memory belongs to the
 * slot, so that it stays pinned while the kernel writes to it, and its address is asked for once only.
 */
export class Slot {
  /** The structure. */
  readonly pointer: Deno.PointerObject;
  /** Device handle of the transfer written down last. */
  handle: Deno.PointerValue = null;
  /** Endpoint address of the same. */
  endpoint = 0;
  /** Called after whoever submitted the transfer has been told of its end. */
  ended: (() => void) | undefined;
  /** Called before. */
  forget: (() => void) | undefined;
  readonly #bytes: Uint8Array;
  readonly #words: Int32Array;
  readonly #longs: BigUint64Array;
  #buffer = NOTHING;
  /** Where in the buffer what is read begins, and whether anything is read at all. */
  #start = 0;
  #reads = false;
  #done: TransferDone | undefined;

  /** Takes over what libusb_alloc_transfer gave. */
  constructor(pointer: Deno.PointerObject) {
    this.pointer = pointer;
    const memory = Deno.UnsafePointerView.getArrayBuffer(pointer, TRANSFER.size);
    this.#bytes = new Uint8Array(memory);
    this.#words = new Int32Array(memory);
    this.#longs = new BigUint64Array(memory);
    this.#bytes.fill(0);
    this.#grow(CAPACITY);
  }

  /** Whether libusb has not ended it yet. */
  get isPending(): boolean {
    return this.#words[TRANSFER.status / 4] === PENDING;
  }

  /** Writes down what to transfer. */
  fill(request: TransferRequest): void {
    const { handle, endpoint, type, bytes, room } = request;
    const length = bytes.length + room;
    if (length > this.#buffer.length) this.#grow(length);
    this.#buffer.set(bytes);
    this.#start = bytes.length;
    this.#reads = room > 0;
    this.#done = request.done;
    if (this.handle !== handle) this.#longs[TRANSFER.handle / 8] = Deno.UnsafePointer.value(handle);
    this.handle = handle;
    this.endpoint = endpoint;
    this.#bytes[TRANSFER.endpoint] = endpoint;
    this.#bytes[TRANSFER.type] = type;
    const words = this.#words;
    words[TRANSFER.timeout / 4] = request.timeoutMs;
    words[TRANSFER.status / 4] = PENDING;
    words[TRANSFER.length / 4] = length;
    words[TRANSFER.actual / 4] = 0;
  }

  /** Tells how it ended, as libusb has it. */
  settle(): void {
    const actual = this.#words[TRANSFER.actual / 4]!;
    const received = this.#reads ? this.#buffer.subarray(this.#start, this.#start + actual) : NOTHING;
    this.#end(TRANSFER_STATUS[this.#words[TRANSFER.status / 4]!] ?? "error", actual, received);
  }

  /** Tells that it is lost. */
  lose(): void {
    this.#end("error", 0, NOTHING);
  }

  #end(status: TransferStatus, actual: number, received: Bytes): void {
    const { forget, ended } = this;
    const done = this.#done;
    this.forget = this.ended = this.#done = undefined;
    forget?.();
    done?.(status, actual, received);
    ended?.();
  }

  #grow(length: number): void {
    this.#buffer = new Uint8Array(length);
    this.#longs[TRANSFER.buffer / 8] = Deno.UnsafePointer.value(Deno.UnsafePointer.of(this.#buffer));
  }
}
