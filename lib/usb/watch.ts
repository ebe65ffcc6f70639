/**
 * Notices that devices come and go, without a callback from libusb.
 *
 * libusb (seen with 1.0.26) queues a message for every device that comes or goes and signals the context's event source,
 * whether or not a callback is registered. So waiting for events, on a context that has no transfers under way, ends
 * when something was plugged or pulled; comparing the devices then tells whether it was. Nothing gets lost between two
 * waits, as the comparison is with what was seen last.
 *
 * @module
 */
import { type Clock, Deadline, systemClock } from "../base/clock.ts";
import { InternalError } from "../base/errors.ts";
import { libusbError } from "./failures.ts";
import { HAS_HOTPLUG, INTERRUPTED, type LibusbSymbols, pointerIn, timeval } from "./symbols.ts";
import type { UsbWatch } from "./usb.ts";

/** How long one wait lasts at most, in milliseconds: a bound should a wake-up get lost. */
const WAIT_MS = 1000;

/** How often devices are looked at where libusb does not tell of them (Windows), in milliseconds. */
const LOOK_MS = 250;

/** What a watch may be given. */
export interface WatchOptions {
  /** Time for the limits; the computer's own unless given. */
  readonly clock?: Clock;
  /** Called once when the watch is closed. */
  readonly closed?: () => void;
}

/**
 * {@linkcode UsbWatch} over a context of libusb of its own, so that transfers elsewhere neither wake it nor wait for it.
 * Made by `Libusb.watch()`.
 */
export class LibusbWatch implements UsbWatch {
  readonly #symbols: LibusbSymbols;
  readonly #clock: Clock;
  readonly #closed: () => void;
  readonly #context: Deno.PointerValue;
  /** Whether libusb itself tells of devices that come and go. */
  readonly #isTold: boolean;
  /** Devices seen last, by address; references are held, so that no new device gets the address of an old one. */
  #present: ReadonlyMap<bigint, Deno.PointerValue>;
  /** Limit of the wait under way; a field keeps it alive while libusb reads it in another thread. */
  #limit = timeval(0);
  #waiting: Promise<boolean> | undefined;
  /** Ends the sleep under way where libusb does not. */
  #wake: () => void = () => {};
  #closing: Promise<void> | undefined;

  /**
   * Starts a context and looks at what is there.
   *
   * @throws {UsbError} when libusb cannot
   */
  constructor(symbols: LibusbSymbols, options: WatchOptions = {}) {
    this.#symbols = symbols;
    this.#clock = options.clock ?? systemClock;
    this.#closed = options.closed ?? (() => {});
    const out = new BigUint64Array(1);
    const code = symbols.libusb_init(out);
    if (code < 0) throw libusbError(code, "watch USB devices");
    this.#context = pointerIn(out);
    this.#isTold = symbols.libusb_has_capability(HAS_HOTPLUG) !== 0;
    try {
      this.#present = this.#devices();
    } catch (error) {
      symbols.libusb_exit(this.#context);
      throw error;
    }
  }

  changed(limitMs: number, signal?: AbortSignal): Promise<boolean> {
    if (this.#closing) return Promise.resolve(false);
    if (this.#waiting) {
      return Promise.reject(new InternalError("Cannot wait for USB devices: another wait is under way"));
    }
    const end = (): void => this.#interrupt();
    signal?.addEventListener("abort", end);
    this.#waiting = this.#wait(limitMs, signal).finally(() => {
      signal?.removeEventListener("abort", end);
      this.#waiting = undefined;
    });
    return this.#waiting;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#interrupt();
    // The thread that waits must have left libusb; whoever called changed() hears of its failure.
    await this.#waiting?.catch(() => {});
    this.#release(this.#present);
    this.#symbols.libusb_exit(this.#context);
    this.#closed();
  }

  async #wait(limitMs: number, signal: AbortSignal | undefined): Promise<boolean> {
    const deadline = new Deadline(this.#clock, limitMs, "waiting for a USB device");
    while (!this.#closing && !signal?.aborted) {
      if (this.#look()) return true;
      if (deadline.expired) return false;
      if (this.#isTold) await this.#sleepUntilTold(Math.min(deadline.left, WAIT_MS));
      else await this.#sleep(Math.min(deadline.left, LOOK_MS));
    }
    return false;
  }

  async #sleepUntilTold(ms: number): Promise<void> {
    this.#limit = timeval(ms);
    const code = await this.#symbols.wait_for_events(this.#context, this.#limit, null);
    if (code < 0 && code !== INTERRUPTED) throw libusbError(code, "wait for USB devices");
  }

  async #sleep(ms: number): Promise<void> {
    const woken = Promise.withResolvers<void>();
    this.#wake = woken.resolve;
    await Promise.race([this.#clock.sleep(ms), woken.promise]);
  }

  /** Ends the sleep under way, or the next one: libusb remembers that it was interrupted. */
  #interrupt(): void {
    this.#symbols.libusb_interrupt_event_handler(this.#context);
    this.#wake();
  }

  /** Whether the devices differ from those seen last, which they replace. */
  #look(): boolean {
    const before = this.#present;
    const now = this.#devices();
    this.#present = now;
    const isSame = before.size === now.size && [...now.keys()].every((address) => before.has(address));
    this.#release(before);
    return !isSame;
  }

  /** Devices present now, referenced. */
  #devices(): ReadonlyMap<bigint, Deno.PointerValue> {
    const out = new BigUint64Array(1);
    const count = Number(this.#symbols.libusb_get_device_list(this.#context, out));
    if (count < 0) throw libusbError(count, "list USB devices");
    const array = pointerIn(out);
    const devices = new Map<bigint, Deno.PointerValue>();
    if (array === null) return devices;
    const view = new Deno.UnsafePointerView(array);
    for (let i = 0; i < count; i++) {
      devices.set(view.getBigUint64(i * 8), this.#symbols.libusb_ref_device(view.getPointer(i * 8)));
    }
    this.#symbols.libusb_free_device_list(array, 1);
    return devices;
  }

  #release(devices: ReadonlyMap<bigint, Deno.PointerValue>): void {
    for (const pointer of devices.values()) this.#symbols.libusb_unref_device(pointer);
  }
}
