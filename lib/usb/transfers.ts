/**
 * Asynchronous transfers without a callback from a foreign thread.
 *
 * Each submitted transfer carries a sentinel in its status field; one pump waits for events on a thread of Deno's pool
 * and, whenever the wait returns, looks which statuses have changed. No JavaScript runs on libusb's threads, so there is
 * no way to dead-lock between its event lock and Deno's event loop.
 *
 * @module
 */
import { type Clock, systemClock } from "../base/clock.ts";
import { InternalError } from "../base/errors.ts";
import { getLogger } from "../base/log.ts";
import { Slot, type TransferRequest } from "./slot.ts";
import { INTERRUPTED, type LibusbSymbols, timeval } from "./symbols.ts";

const log = getLogger("usb", "transfers");

/** How long one wait for events lasts at most: a bound for everything that waits for the pump. */
const WAIT_MS = 1000;

/**
 * Answers that come within this time are waited for on this thread, which costs less than a trip through the thread pool.
 * While they take longer nothing is waited for here, since other devices and everything else would stand still.
 */
const PATIENCE_MS = 0.5;

/** Threads of Deno's pool, which has 32, that may wait for events: with all of them waiting, everything else would, too. */
const MAX_PARKED = 24;

/** How often a pump looks for events that finds no thread to wait. */
const POLL_MS = 1;

/** Turns of the microtask queue in which whoever waited for a transfer can submit the next. */
const TURNS = 24;

/** When nothing more was submitted for so many turns after something was, nobody is about to submit. */
const QUIET_TURNS = 6;

/** After this many events in a row without waiting, timers and signals get a turn. */
const MAX_BURST = 256;

/** Cancelled transfers that do not come back within this time are given up as leaked rather than freed too early. */
const CLOSE_LIMIT_MS = 3000;

/** All transfers of one libusb context, and the pump that completes them. */
export class TransferPump {
  /** Threads that wait for events, of all pumps. */
  static #parked = 0;
  readonly #symbols: LibusbSymbols;
  readonly #context: Deno.PointerValue;
  readonly #check: (code: number, what: string) => number;
  readonly #clock: Clock;
  readonly #wait = timeval(WAIT_MS);
  readonly #patience = timeval(PATIENCE_MS);
  readonly #now = timeval(0);
  readonly #pending = new Set<Slot>();
  readonly #lost: Slot[] = [];
  #free: Slot[] = [];
  /** Transfers submitted since events were last looked for. */
  #submitted = 0;
  /** Whether the last answer came within {@linkcode PATIENCE_MS}. */
  #isQuick = true;
  #running: Promise<void> | undefined;

  /** `check` turns negative return codes into errors; `clock` tells how long answers take. */
  constructor(
    symbols: LibusbSymbols,
    context: Deno.PointerValue,
    check: (code: number, what: string) => number,
    clock: Clock = systemClock,
  ) {
    this.#clock = clock;
    this.#symbols = symbols;
    this.#context = context;
    this.#check = check;
  }

  /** Transfers under way. */
  get pending(): number {
    return this.#pending.size;
  }

  /**
   * Submits a transfer. It takes a function rather than giving a promise, as what comes of each packet passes here.
   *
   * @throws {UsbError} when it cannot be submitted; then `done` is not called
   */
  submit(request: TransferRequest): void {
    const slot = this.#free.pop() ?? this.#allocate();
    slot.fill(request);
    const code = this.#symbols.libusb_submit_transfer(slot.pointer);
    if (code < 0) {
      this.#free.push(slot);
      this.#check(code, "submit a transfer");
    }
    this.#pending.add(slot);
    if (request.signal) slot.forget = this.#obey(request.signal, slot.pointer);
    this.#submitted++;
    this.#running ??= this.#pump();
  }

  /** Cancels the transfers that are under way on one endpoint; they end as cancelled, or as they were about to end. */
  cancel(handle: Deno.PointerValue, endpoint: number): void {
    for (const slot of this.#pending) {
      if (slot.endpoint !== endpoint || !Deno.UnsafePointer.equals(slot.handle, handle)) continue;
      this.#symbols.libusb_cancel_transfer(slot.pointer);
    }
  }

  /**
   * Cancels the transfers of one handle and waits until they have come back.
   *
   * @throws {InternalError} when they do not within `limitMs` milliseconds
   */
  async cancelAll(handle: Deno.PointerValue, limitMs = CLOSE_LIMIT_MS): Promise<void> {
    const own = [...this.#pending].filter((slot) => Deno.UnsafePointer.equals(slot.handle, handle));
    if (own.length === 0) return;
    const ends = own.map((slot) => new Promise<void>((resolve) => slot.ended = resolve));
    for (const slot of own) this.#symbols.libusb_cancel_transfer(slot.pointer);
    const { promise: limit, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      reject(new InternalError("Cannot close the USB device: cancelled transfers do not come back"));
    }, limitMs);
    try {
      await Promise.race([limit, Promise.all(ends)]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Gives up what is still under way on a handle that was closed: libusb has forgotten it and will not complete it. */
  abandon(handle: Deno.PointerValue): void {
    this.#lose([...this.#pending].filter((slot) => Deno.UnsafePointer.equals(slot.handle, handle)));
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
    return new Slot(pointer);
  }

  /** Lets `signal` cancel a transfer; what is returned ends that. */
  #obey(signal: AbortSignal, pointer: Deno.PointerObject): () => void {
    const cancel = (): void => void this.#symbols.libusb_cancel_transfer(pointer);
    if (signal.aborted) cancel();
    else signal.addEventListener("abort", cancel, { once: true });
    return () => signal.removeEventListener("abort", cancel);
  }

  /** Runs while transfers are under way; never fails, the transfers do. */
  async #pump(): Promise<void> {
    try {
      let burst = 0;
      let start = 0;
      await this.#giveTurns();
      while (this.#pending.size > 0) {
        const isFresh = this.#submitted > 0;
        this.#submitted = 0;
        if (isFresh) start = this.#clock.now();
        this.#handled(
          this.#symbols.handle_events(this.#context, isFresh && this.#isQuick ? this.#patience : this.#now, null),
        );
        if (this.#settle() > 0 && ++burst < MAX_BURST) {
          // Rows of packets are continued while they are settled; promises need their turns first.
          if (this.#submitted === 0) await this.#giveTurns();
          else await undefined;
          continue;
        }
        const isLull = burst < MAX_BURST;
        burst = 0;
        await this.#park(isLull ? this.#wait : this.#now);
        if (isLull) this.#isQuick = this.#clock.now() - start < PATIENCE_MS;
        if (this.#settle() > 0 && this.#submitted === 0) await this.#giveTurns();
      }
    } catch (error) {
      log.warning(`USB transfers under way were lost: ${error instanceof Error ? error.message : error}`);
      // The event loop of libusb itself failed.
      this.#lose([...this.#pending]);
    } finally {
      this.#running = undefined;
    }
  }

  /** Waits for events in a thread of the pool, as long as that leaves some to others. */
  async #park(limit: Uint8Array<ArrayBuffer>): Promise<void> {
    if (TransferPump.#parked >= MAX_PARKED) return await this.#clock.sleep(POLL_MS);
    TransferPump.#parked++;
    try {
      this.#handled(await this.#symbols.wait_for_events(this.#context, limit, null));
    } finally {
      TransferPump.#parked--;
    }
  }

  /** A signal may end the wait for events; nothing is wrong then. */
  #handled(code: number): void {
    if (code !== INTERRUPTED) this.#check(code, "handle USB events");
  }

  /** Lets those whose transfers have ended go on; events are best looked for once they have submitted what follows. */
  async #giveTurns(): Promise<void> {
    let seen = 0;
    let quiet = 0;
    for (let turn = 0; turn < TURNS && quiet < QUIET_TURNS; turn++) {
      await undefined;
      quiet = this.#submitted === seen && seen > 0 ? quiet + 1 : 0;
      seen = this.#submitted;
    }
  }

  /** Completes what has ended; how many that was. */
  #settle(): number {
    let settled = 0;
    for (const slot of this.#pending) {
      if (slot.isPending) continue;
      this.#pending.delete(slot);
      slot.settle();
      this.#free.push(slot);
      settled++;
    }
    return settled;
  }

  /** Nobody will complete these any more, and their memory stays pinned. */
  #lose(slots: readonly Slot[]): void {
    for (const slot of slots) {
      this.#pending.delete(slot);
      this.#lost.push(slot);
      slot.lose();
    }
  }
}
