/**
 * A simulated board: one chip with its memories, its flash controller, its access ports and its reset tree.
 *
 * @module
 */
import { type Bytes, concatBytes, hex } from "../../base/bytes.ts";
import { UsageError } from "../../base/errors.ts";
import type { Bus } from "../bus.ts";
import type { SimAccessPort, SimChip } from "../contracts.ts";
import type { CortexM } from "../cpu/cortex_m.ts";
import type { FlashTiming } from "../flash/busy.ts";
import type { BoardClock } from "./board_clock.ts";

/** Why a chip resets: `options` is a reset that loads changed option bytes. */
export type ResetCause = "power" | "pin" | "software" | "options";

/** How a board starts out. */
export interface BoardOptions {
  /** Whether flash is as slow as the data sheet says; `datasheet` unless told. */
  readonly timing?: FlashTiming;
  /** Whether the chip starts with read-out protection on: RDP level 1 (STM32) or APPROTECT (nRF52). */
  readonly locked?: boolean;
  /** Bytes to start with in the main flash array, from its first address on. */
  readonly image?: Uint8Array;
  /** Silicon revision, where behaviour depends on it: nRF52840 1 (default) or 3, whose APPROTECT is closed by default. */
  readonly revision?: number;
}

/** Non-volatile memory that tests and options may reach without the controller. */
export interface BackDoor {
  /** First byte address. */
  readonly start: number;
  /** The content itself. */
  readonly bytes: Uint8Array;
  /** Says that `length` bytes from `offset` were changed from outside. */
  readonly changed: (offset: number, length: number) => void;
}

/** What the file of one board hands to {@linkcode SimBoard}. */
export interface BoardDesign {
  /** Name, such as `stm32f407`. */
  readonly name: string;
  /** DPIDR value. */
  readonly dpidr: number;
  /** TARGETID value, 0 for a DPv1. */
  readonly targetId: number;
  /** The core. */
  readonly cpu: CortexM;
  /** The address space. */
  readonly bus: Bus;
  /** Target time. */
  readonly clock: BoardClock;
  /** Access ports by APSEL. */
  readonly accessPorts: ReadonlyMap<number, SimAccessPort>;
  /** Flash, option bytes, UICR. */
  readonly backDoors: readonly BackDoor[];
  /** Brings everything outside the core to its state after a reset of this kind. */
  readonly reset: (cause: ResetCause) => void;
  /** Called after time has passed. */
  readonly settle: () => void;
  /** The debug power domain was switched. */
  readonly debugPower: (on: boolean) => void;
  /** Bytes shifted out of the SWO pin since the last call. */
  readonly takeSwo: () => Uint8Array;
  /** Bytes sent by UARTs since the last call. */
  readonly takeUart: () => Uint8Array;
}

/** A simulated board as the simulated debug port, tests and demonstrations use it. */
export class SimBoard implements SimChip {
  #design: BoardDesign;
  #isPinLow = false;

  /** Powers the board on. */
  constructor(design: BoardDesign, options: BoardOptions = {}) {
    this.#design = design;
    design.cpu.onSystemReset = () => {
      design.reset("software");
      design.cpu.systemReset();
    };
    if (options.image !== undefined) {
      const main = design.backDoors[0]!;
      this.loadFlash(main.start, options.image);
    }
    this.powerCycle();
  }

  /** Name of the board. */
  get name(): string {
    return this.#design.name;
  }

  /** DPIDR value of the debug port. */
  get dpidr(): number {
    return this.#design.dpidr;
  }

  /** TARGETID value, 0 for a DPv1. */
  get targetId(): number {
    return this.#design.targetId;
  }

  /** Instance for multi-drop selection; one board, one instance. */
  get instance(): number {
    return 0;
  }

  /** Access ports by APSEL. */
  get accessPorts(): ReadonlyMap<number, SimAccessPort> {
    return this.#design.accessPorts;
  }

  /** Instructions executed since power-on. */
  get instructions(): number {
    return this.#design.cpu.instructions;
  }

  /** The core, for tests that look inside. */
  get cpu(): CortexM {
    return this.#design.cpu;
  }

  /** The address space as the core sees it, for tests that look inside. */
  get bus(): Bus {
    return this.#design.bus;
  }

  /** Target time in nanoseconds since the board was made. */
  get now(): number {
    return this.#design.clock.now();
  }

  /** Whether nRESET reads low. */
  get resetAsserted(): boolean {
    return this.#isPinLow;
  }

  /** Lets `ns` nanoseconds of target time pass. */
  advance(ns: number): void {
    this.#design.clock.advance(ns);
    this.#design.settle();
  }

  /** Drives nRESET; the debug port stays alive. */
  setReset(asserted: boolean): void {
    if (asserted === this.#isPinLow) return;
    this.#isPinLow = asserted;
    if (asserted) this.#design.reset("pin");
    this.#design.cpu.setReset(asserted);
  }

  /** Takes power away and gives it back: flash keeps its content, everything else starts anew. */
  powerCycle(): void {
    this.#design.reset("power");
    this.#design.cpu.powerOnReset();
    if (this.#isPinLow) this.#design.cpu.setReset(true);
  }

  /** The debug power domain was switched on or off. */
  setDebugPower(on: boolean): void {
    this.#design.cpu.setDebugPower(on);
    this.#design.debugPower(on);
  }

  /** Bytes the SWO pin has shifted out since the last call. */
  takeSwo(): Uint8Array {
    return this.#design.takeSwo();
  }

  /** Bytes that simulated UARTs have sent since the last call. */
  takeUart(): Uint8Array {
    return this.#design.takeUart();
  }

  /**
   * A copy of `length` bytes of flash, option bytes or UICR at `address`, past all protection.
   *
   * @throws {UsageError} when they are not all in one of these memories
   */
  flashBytes(address: number, length: number): Uint8Array {
    const door = this.#doorAt(address, length);
    return door.bytes.slice(address - door.start, address - door.start + length);
  }

  /**
   * Puts bytes into flash, option bytes or UICR at `address`, past all protection and in no time.
   *
   * @throws {UsageError} when they do not all fit one of these memories
   */
  loadFlash(address: number, bytes: Uint8Array): void {
    const door = this.#doorAt(address, bytes.length);
    door.bytes.set(bytes, address - door.start);
    door.changed(address - door.start, bytes.length);
  }

  /** A copy of everything that outlives power: the main flash first, then option bytes or UICR. */
  nonVolatile(): Bytes {
    return concatBytes(this.#design.backDoors.map((door) => door.bytes));
  }

  /** Puts back what {@linkcode SimBoard.nonVolatile} gave, as if it had been there before power was switched on. */
  restoreNonVolatile(bytes: Uint8Array): void {
    let at = 0;
    for (const door of this.#design.backDoors) {
      this.loadFlash(door.start, bytes.subarray(at, at + door.bytes.length));
      at += door.bytes.length;
    }
    this.powerCycle();
  }

  #doorAt(address: number, length: number): BackDoor {
    const found = this.#design.backDoors.find(({ start, bytes }) =>
      address >= start && address + length <= start + bytes.length
    );
    if (found !== undefined) return found;
    throw new UsageError(`Cannot reach ${length} bytes of flash at ${hex(address)}: ${this.name} has none there`, {
      hint: "Flash starts at " + this.#design.backDoors.map((door) => hex(door.start)).join(", "),
    });
  }
}
