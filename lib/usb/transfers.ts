/**
 * Asynchronous transfers without a callback from a foreign thread.
 *
 * Each submitted transfer carries a sentinel in its status field; one pump waits for events on a thread of Deno's pool
 * and, whenever the wait returns, looks which statuses have changed. No JavaScript runs on libusb's threads, so there is
 * no way to dead-lock between its event lock and Deno's event loop.
 *
 * @module
 */
import { viewOf } from "../base/bytes.ts";
import { InternalError } from "../base/errors.ts";
import { getLogger } from "../base/log.ts";
import { type LibusbSymbols, PENDING, timeval, TRANSFER, TRANSFER_STATUS } from "./symbols.ts";

const log = getLogger("usb", "transfers");

/** How long one wait for events lasts at most: a bound for everything that waits for the pump. */
const WAIT_MS = 1000;

/** Waiting on this thread for so long costs less than a trip through the thread pool, and less than anyone notices. */
const PATIENCE_MS = 0.5;

/** Turns of the microtask queue in which whoever waited for a transfer can submit the next. */
const TURNS = 24;

/** After this many events in a row without waiting, timers and signals get a turn. */
const MAX_BURST = 256;

/** Cancelled transfers that do not come back within this time are given up as leaked rather than freed too early. */
const CLOSE_LIMIT_MS = 3000;

/** How a transfer ended. */
export interface TransferOutcome {
  /** libusb's status. */
  readonly status: (typeof TRANSFER_STATUS)[number];
  /** Bytes moved. */
  readonly actual: number;
}

/** What to transfer. */
export interface TransferRequest {
  /** Device handle. */
  readonly handle: Deno.PointerValue;
  /** Endpoint address; 0 for control. */
  readonly endpoint: number;
  /** One of `TRANSFER_TYPE`. */
  readonly type: number;
  /** Data; for control requests the setup packet goes first. Held until the transfer has ended. */
  readonly buffer: Uint8Array<ArrayBuffer>;
  /** Limit in milliseconds, 0 for none. */
  readonly timeoutMs: number;
  /** Cancels it. */
  readonly signal?: AbortSignal | undefined;
}

interface Slot {
  readonly pointer: Deno.PointerObject;
  readonly view: DataView;
}

interface Pending {
  readonly slot: Slot;
  /** Keeps the memory alive that the kernel writes to: Deno does not. */
  readonly buffer: Uint8Array<ArrayBuffer>;
  readonly handle: Deno.PointerValue;
  readonly endpoint: number;
  readonly outcome: Promise<TransferOutcome>;
  readonly done: (outcome: TransferOutcome) => void;
}

/** All transfers of one libusb context, and the pump that completes them. */
export class TransferPump {
  readonly #symbols: LibusbSymbols;
  readonly #context: Deno.PointerValue;
  readonly #check: (code: number, what: string) => number;
  readonly #wait = timeval(WAIT_MS);
  readonly #patience = timeval(PATIENCE_MS);
  readonly #now = timeval(0);
  readonly #pending = new Set<Pending>();
  readonly #lost: Pending[] = [];
  #free: Slot[] = [];
  /** Whether something was submitted since events were last looked for. */
  #submitted = false;
  #running: Promise<void> | undefined;

  /** `check` turns negative return codes into errors. */
  constructor(symbols: LibusbSymbols, context: Deno.PointerValue, check: (code: number, what: string) => number) {
    this.#symbols = symbols;
    this.#context = context;
    this.#check = check;
  }

  /** Transfers under way. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Submits a transfer; resolves however it ends. @throws {UsbError} when it cannot be submitted */
  submit(request: TransferRequest): Promise<TransferOutcome> {
    const slot = this.#free.pop() ?? this.#allocate();
    const { view, pointer } = slot;
    view.setBigUint64(TRANSFER.handle, Deno.UnsafePointer.value(request.handle), true);
    view.setUint8(TRANSFER.flags, 0);
    view.setUint8(TRANSFER.endpoint, request.endpoint);
    view.setUint8(TRANSFER.type, request.type);
    view.setUint32(TRANSFER.timeout, request.timeoutMs, true);
    view.setInt32(TRANSFER.status, PENDING, true);
    view.setInt32(TRANSFER.length, request.buffer.length, true);
    view.setInt32(TRANSFER.actual, 0, true);
    view.setBigUint64(TRANSFER.callback, 0n, true);
    view.setBigUint64(TRANSFER.userData, 0n, true);
    view.setBigUint64(TRANSFER.buffer, Deno.UnsafePointer.value(Deno.UnsafePointer.of(request.buffer)), true);
    view.setInt32(TRANSFER.isoPackets, 0, true);

    const { promise, resolve } = Promise.withResolvers<TransferOutcome>();
    const cancel = (): void => void this.#symbols.libusb_cancel_transfer(pointer);
    const entry: Pending = {
      slot,
      buffer: request.buffer,
      handle: request.handle,
      endpoint: request.endpoint,
      outcome: promise,
      done: (outcome) => {
        request.signal?.removeEventListener("abort", cancel);
        resolve(outcome);
      },
    };
    this.#pending.add(entry);
    const code = this.#symbols.libusb_submit_transfer(pointer);
    if (code < 0) {
      this.#pending.delete(entry);
      this.#free.push(slot);
      this.#check(code, "submit a transfer");
    }
    if (request.signal?.aborted) cancel();
    else request.signal?.addEventListener("abort", cancel, { once: true });
    this.#submitted = true;
    this.#running ??= this.#pump();
    return promise;
  }

  /** Cancels the transfers that are under way on one endpoint; they end as cancelled, or as they were about to end. */
  cancel(handle: Deno.PointerValue, endpoint: number): void {
    for (const entry of this.#pending) {
      if (entry.endpoint !== endpoint || !Deno.UnsafePointer.equals(entry.handle, handle)) continue;
      this.#symbols.libusb_cancel_transfer(entry.slot.pointer);
    }
  }

  /**
   * Cancels the transfers of one handle and waits until they have come back.
   *
   * @throws {InternalError} when they do not within `limitMs` milliseconds
   */
  async cancelAll(handle: Deno.PointerValue, limitMs = CLOSE_LIMIT_MS): Promise<void> {
    const own = [...this.#pending].filter((entry) => Deno.UnsafePointer.equals(entry.handle, handle));
    if (own.length === 0) return;
    for (const entry of own) this.#symbols.libusb_cancel_transfer(entry.slot.pointer);
    const { promise: limit, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      reject(new InternalError("Cannot close the USB device: cancelled transfers do not come back"));
    }, limitMs);
    try {
      await Promise.race([limit, Promise.all(own.map(({ outcome }) => outcome))]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Waits for the pump to stop and frees the transfers. All handles must have been cancelled before. */
  async close(): Promise<void> {
    if (this.#running) this.#symbols.libusb_interrupt_event_handler(this.#context);
    await this.#running;
    for (const slot of this.#free) this.#symbols.libusb_free_transfer(slot.pointer);
    this.#free = [];
  }

  #allocate(): Slot {
    const pointer = this.#symbols.libusb_alloc_transfer(0);
    if (pointer === null) throw new InternalError("Cannot allocate a USB transfer: out of memory");
    const view = viewOf(new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(pointer, TRANSFER.size)));
    return { pointer, view };
  }

  /** Runs while transfers are under way; never fails, the transfers do. */
  async #pump(): Promise<void> {
    try {
      let burst = 0;
      while (this.#pending.size > 0) {
        for (let turn = 0; turn < TURNS; turn++) await Promise.resolve();
        // An answer that comes soon costs one system call; only an idle bus is worth a trip through the thread pool.
        const isFresh = this.#submitted;
        this.#submitted = false;
        this.#check(
          this.#symbols.handle_events(this.#context, isFresh ? this.#patience : this.#now, null),
          "handle USB events",
        );
        if (this.#settle() > 0 && ++burst < MAX_BURST) continue;
        const wait = burst < MAX_BURST ? this.#wait : this.#now;
        burst = 0;
        this.#check(await this.#symbols.wait_for_events(this.#context, wait, null), "wait for USB events");
        this.#settle();
      }
    } catch (error) {
      log.warning(`USB transfers under way were lost: ${error instanceof Error ? error.message : error}`);
      this.#failAll();
    } finally {
      this.#running = undefined;
    }
  }

  /** Completes what has ended; how many that was. */
  #settle(): number {
    let settled = 0;
    for (const entry of this.#pending) {
      const { slot } = entry;
      const status = slot.view.getInt32(TRANSFER.status, true);
      if (status === PENDING) continue;
      this.#pending.delete(entry);
      this.#free.push(slot);
      entry.done({ status: TRANSFER_STATUS[status] ?? "error", actual: slot.view.getInt32(TRANSFER.actual, true) });
      settled++;
    }
    return settled;
  }

  /** The event loop of libusb itself failed: nobody will complete these any more, and their memory stays pinned. */
  #failAll(): void {
    for (const entry of this.#pending) {
      entry.done({ status: "error", actual: 0 });
      this.#lost.push(entry);
    }
    this.#pending.clear();
  }
}
