/**
 * Flash in the address space: plain memory most of the time, a gate while it erases or is protected.
 *
 * @module
 */
import type { Bus, StoreHandler } from "../bus.ts";
import { type AccessSize, BUS_ERROR, type BusDevice } from "../contracts.ts";
import { loadBytes } from "../flash/lanes.ts";

/** What a {@linkcode FlashWindow} shows. */
export interface FlashWindowOptions {
  /** Name on the bus. */
  readonly name: string;
  /** Byte address of the array. */
  readonly start: number;
  /** The array. */
  readonly bytes: Uint8Array;
  /** Takes stores and changes the bytes. */
  readonly program: StoreHandler;
  /** Whether an operation is under way. */
  readonly isBusy: () => boolean;
  /** Holds the current access until it is done. */
  readonly wait: () => void;
}

/**
 * The main array of a flash controller on a {@linkcode Bus}. While it erases, reads wait; while it is closed, every
 * access is a bus error.
 */
export class FlashWindow implements BusDevice {
  #bus: Bus;
  #options: FlashWindowOptions;
  #mode: "memory" | "gate" = "memory";
  #isClosed = false;
  #alias: number | undefined;

  /** Maps the array; stores to it go to the controller. */
  constructor(bus: Bus, options: FlashWindowOptions) {
    this.#bus = bus;
    this.#options = options;
    this.#map();
  }

  /** Shows the array a second time at byte address `start`, or no longer. */
  setAlias(start: number | undefined): void {
    if (start === this.#alias) return;
    this.#unmap();
    this.#alias = start;
    this.#map();
  }

  /** Refuses every access until opened again, as read-out protection does. */
  setClosed(closed: boolean): void {
    this.#isClosed = closed;
    this.#show(closed ? "gate" : "memory");
  }

  /** `length` bytes from `offset` changed behind the bus's back, such as by an erase that is under way now. */
  changed(offset: number, length: number): void {
    if (this.#mode === "memory") this.#bus.touched(this.#options.name, offset, length);
    if (this.#options.isBusy()) this.#show("gate");
  }

  /** Becomes plain memory again once the operation is done. */
  refresh(): void {
    if (this.#mode === "gate" && !this.#isClosed && !this.#options.isBusy()) this.#show("memory");
  }

  /** A read while gated: waits for the end of the operation. */
  read(offset: number, size: AccessSize): number {
    if (this.#isClosed) return BUS_ERROR;
    this.#options.wait();
    this.refresh();
    return loadBytes(this.#options.bytes, offset, size);
  }

  /** A store while gated. */
  write(offset: number, size: AccessSize, value: number): boolean {
    return this.#isClosed ? false : this.#options.program(offset, size, value);
  }

  #show(mode: "memory" | "gate"): void {
    if (mode === this.#mode) return;
    this.#unmap();
    this.#mode = mode;
    this.#map();
  }

  #map(): void {
    const { name, start, bytes, program } = this.#options;
    if (this.#mode === "gate") {
      this.#bus.mapDevice(name, start, bytes.length, this);
      if (this.#alias !== undefined) this.#bus.mapDevice(`${name}-alias`, this.#alias, bytes.length, this);
      return;
    }
    const onWrite: StoreHandler = (offset, size, value) => {
      const done = program(offset, size, value);
      this.#bus.touched(name, offset, size);
      return done;
    };
    this.#bus.mapMemory({ name, start, bytes, writable: false, onWrite });
    if (this.#alias !== undefined) this.#bus.alias(`${name}-alias`, this.#alias, name);
  }

  #unmap(): void {
    this.#bus.unmap(this.#options.name);
    if (this.#alias !== undefined) this.#bus.unmap(`${this.#options.name}-alias`);
  }
}
