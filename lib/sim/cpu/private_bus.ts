/**
 * The Private Peripheral Bus: routes 0xE0000000–0xE00FFFFF to the core's own registers and to what a board added.
 *
 * @module
 */

import { hex } from "../../base/bytes.ts";
import { UsageError } from "../../base/errors.ts";
import { type AccessSize, BUS_ERROR, type BusDevice } from "../contracts.ts";
import type { BreakpointUnit } from "./breakpoint_unit.ts";
import { isPpb } from "./machine.ts";
import type { SystemControl } from "./system_control.ts";
import type { WatchpointUnit } from "./watchpoint_unit.ts";

const SCS = 0xe000e000;
const DWT = 0xe0001000;
const FPB = 0xe0002000;

interface Mapped {
  readonly start: number;
  readonly size: number;
  readonly device: BusDevice;
}

/** The PPB of one core; accesses say whether a debugger or software makes them. */
export class PrivateBus {
  #devices: Mapped[] = [];

  /** Serves the registers of the three units. */
  constructor(
    private readonly scs: SystemControl,
    private readonly dwt: WatchpointUnit,
    private readonly fpb: BreakpointUnit,
  ) {}

  /** Adds a peripheral. @throws {UsageError} outside the PPB or over the core's own registers */
  map(start: number, size: number, device: BusDevice): void {
    const own = [SCS, DWT, FPB].some((base) => start < base + 0x1000 && base < start + size);
    if (own || !isPpb(start) || !isPpb(start + size - 1)) {
      throw new UsageError(`Cannot map a private peripheral at ${hex(start)}: no free part of the PPB lies there`);
    }
    this.#devices.push({ start, size, device });
  }

  #find(address: number): Mapped | undefined {
    return this.#devices.find(({ start, size }) => address >= start && address < start + size);
  }

  /** Reads an unsigned value, or {@linkcode BUS_ERROR}. */
  read(address: number, size: AccessSize, byDebugger: boolean): number {
    if ((address & (size - 1)) !== 0) return BUS_ERROR;
    const word = (address & ~3) >>> 0;
    const offset = word & 0xfff;
    let value: number;
    switch (word - offset) {
      case SCS:
        value = this.scs.read(offset, byDebugger);
        break;
      case DWT:
        value = this.dwt.read(offset);
        break;
      case FPB:
        value = this.fpb.read(offset);
        break;
      default: {
        const found = this.#find(address);
        return found === undefined ? BUS_ERROR : found.device.read(address - found.start, size);
      }
    }
    const shifted = value >>> (8 * (address & 3));
    return size === 4 ? shifted : shifted & (size === 2 ? 0xffff : 0xff);
  }

  /** Writes; false is a bus error. */
  write(address: number, size: AccessSize, value: number, byDebugger: boolean): boolean {
    if ((address & (size - 1)) !== 0) return false;
    const word = (address & ~3) >>> 0;
    const offset = word & 0xfff;
    switch (word - offset) {
      case SCS:
        this.scs.write(offset, this.#merged(address, size, value), byDebugger);
        return true;
      case DWT:
        this.dwt.write(offset, value);
        return true;
      case FPB:
        this.fpb.write(offset, value);
        return true;
      default: {
        const found = this.#find(address);
        return found !== undefined && found.device.write(address - found.start, size, value);
      }
    }
  }

  /** The whole word that a narrower write to an SCS register amounts to. */
  #merged(address: number, size: AccessSize, value: number): number {
    if (size === 4) return value;
    const offset = address & 0xffc;
    const at = 8 * (address & 3);
    if (this.scs.isWriteOne(offset)) return (value << at) >>> 0;
    const mask = (size === 2 ? 0xffff : 0xff) << at;
    return ((this.scs.read(offset, false) & ~mask) | ((value << at) & mask)) >>> 0;
  }
}
