/**
 * Access ports: identification and raw register access.
 *
 * @module
 */
import { bits } from "../base/bits.ts";
import { type ApAddress, apName, checkRegister, type DebugPort } from "./debug_port.ts";
import type { TransferTag } from "./queue.ts";

/** IDR of an access port, decoded (ADIv5.2 C1.3, ADIv6.0 C2.6.3). */
export interface ApIdentity {
  /** The register. */
  readonly value: number;
  /** JEP106 designer: continuation count in bits 10:7, code in bits 6:0. */
  readonly designer: number;
  /** Class: 0 JTAG-AP or none, 1 COM-AP, 8 MEM-AP. */
  readonly apClass: number;
  /** Revision. */
  readonly revision: number;
  /** Variant within the type. */
  readonly variant: number;
  /** Type: the bus of a MEM-AP. */
  readonly type: number;
  /** Name for people: `AHB-AP`, `APB-AP`, … */
  readonly name: string;
}

/** JEP106 code of Arm, as in IDR bits 27:17. */
export const DESIGNER_ARM = 0x23b;
/** JEP106 code of Arm China. */
export const DESIGNER_ARM_CHINA = 0x575;
/** IDR class of memory access ports. */
export const CLASS_MEM_AP = 8;
/** IDR class of communication ports (SDC-600). */
export const CLASS_COM_AP = 1;

const MEM_AP_NAMES: Readonly<Record<number, string>> = {
  1: "AHB-AP",
  2: "APB-AP",
  4: "AXI-AP",
  5: "AHB5-AP",
  6: "APB5-AP",
  7: "AXI5-AP",
  8: "AHB5-AP",
};

/** Buses that always take bytes and half-words. */
const NARROW_TYPES: ReadonlySet<number> = new Set([1, 4, 5, 7, 8]);

/** MEM-AP types on an APB bus, whose CSW has no protection bits but DbgSwEnable. */
const APB_TYPES: ReadonlySet<number> = new Set([2, 6]);

/**
 * Decodes the IDR of an access port.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decodeApIdr } from "./access_port.ts";
 *
 * const { name, apClass, variant, type } = decodeApIdr(0x24770011);
 * assertEquals([name, apClass, variant, type], ["AHB-AP", 8, 1, 1]);
 * ```
 */
export function decodeApIdr(value: number): ApIdentity {
  const identity = {
    value,
    designer: bits(value, 27, 17),
    apClass: bits(value, 16, 13),
    revision: bits(value, 31, 28),
    variant: bits(value, 7, 4),
    type: bits(value, 3, 0),
  };
  return { ...identity, name: nameOf(identity) };
}

function nameOf(identity: Omit<ApIdentity, "name">): string {
  const { designer, apClass, type } = identity;
  if (apClass === CLASS_MEM_AP) {
    const arm = designer === DESIGNER_ARM || designer === DESIGNER_ARM_CHINA;
    return (arm ? MEM_AP_NAMES[type] : undefined) ?? "MEM-AP";
  }
  if (apClass === CLASS_COM_AP) return "SDC-600";
  return apClass === 0 && designer === DESIGNER_ARM ? "JTAG-AP" : "AP";
}

/** Whether the bus of this access port takes bytes and half-words without having to be asked. */
export function takesNarrowAccesses(identity: ApIdentity): boolean {
  return identity.name !== "MEM-AP" && NARROW_TYPES.has(identity.type);
}

/** Whether this access port drives an APB bus. */
export function drivesApb(identity: ApIdentity): boolean {
  return identity.name !== "MEM-AP" && APB_TYPES.has(identity.type);
}

/** One access port behind a debug port. */
export class AccessPort {
  /** The debug port. */
  readonly dp: DebugPort;
  /** Number or address. */
  readonly address: ApAddress;
  /** What IDR said. */
  readonly identity: ApIdentity;

  /** Describes the access port at `address`; nothing is sent. */
  constructor(dp: DebugPort, address: ApAddress, identity: ApIdentity) {
    this.dp = dp;
    this.address = address;
    this.identity = identity;
  }

  /** Name and place for people, such as `AHB-AP#0`. */
  get name(): string {
    return apName(this.address).replace(/^AP/, this.identity.name);
  }

  /** Queues the read of a register; see {@linkcode DebugPort.readAp}. @throws {TransferError} */
  readRegister(register: number, tag?: TransferTag): Promise<number> {
    return this.dp.readAp(this.address, register, { ap: this.name, ...tag });
  }

  /** Queues the write of a register; see {@linkcode DebugPort.writeAp}. */
  writeRegister(register: number, value: number, tag?: TransferTag): void {
    this.dp.writeAp(this.address, register, value, { ap: this.name, ...tag });
  }

  /**
   * {@linkcode AccessPort.readRegister} by the name pyOCD's users know.
   *
   * @throws {UsageError} when there is no such offset
   * @throws {TransferError} from the promise
   */
  readReg(register: number): Promise<number> {
    this.#check(register);
    return this.readRegister(register);
  }

  /** {@linkcode AccessPort.writeRegister} by the name pyOCD's users know. @throws {UsageError} when there is no such offset */
  writeReg(register: number, value: number): void {
    this.#check(register);
    this.writeRegister(register, value);
  }

  #check(register: number): void {
    checkRegister(register, "apsel" in this.address ? 0x100 : 0x1000, "access port");
  }
}
