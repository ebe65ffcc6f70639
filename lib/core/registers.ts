/**
 * Core registers as data: how each is reached through DCRSR, how wide it is, and its number in gdb.
 *
 * Selectors: Armv6-M (DDI 0419) C1.6.4, Armv7-M (DDI 0403) C1.6.3, Armv8-M (DDI 0553) D1.2 DCRSR. Numbers of the
 * `org.gnu.gdb.arm.m-profile` feature are gdb's own (xPSR is 25); the rest are pyOCD's, save psp_ns, which would
 * collide with xPSR there.
 *
 * @module
 */

/** What kind of register it is; gdb and the commander list them by group. */
export type RegisterGroup = "general" | "system" | "security" | "mve" | "float" | "double";

/** What a core needs to have the register. */
export type RegisterRequirement = "mainline" | "security" | "mainline-security" | "v8-mainline" | "mve" | "float";

/** One core register. */
export interface RegisterInfo {
  /** Name in lower case. */
  readonly name: string;
  /** Width in bits. */
  readonly bits: 8 | 32 | 64;
  /** Kind. */
  readonly group: RegisterGroup;
  /** DCRSR selectors, least significant word first; two for a 64-bit register. */
  readonly selectors: readonly [number] | readonly [number, number];
  /** Bits of the selected word that make up the register; all of them unless given. */
  readonly mask?: number;
  /** How far the masked bits are shifted right to give the value. */
  readonly shift?: number;
  /** Register number in gdb, when gdb sees it. */
  readonly gdb?: number;
  /** What the core needs; every core has it unless given. */
  readonly requires?: RegisterRequirement;
}

/** DCRSR selectors that code refers to by name. */
export const SELECTOR = { sp: 13, lr: 14, pc: 15, xpsr: 16, msp: 17, psp: 18, cfbp: 20, fpscr: 33 } as const;

const CFBP = SELECTOR.cfbp;
const CFBP_S = 34;
const CFBP_NS = 35;

function word(
  name: string,
  group: RegisterGroup,
  selector: number,
  gdb?: number,
  requires?: RegisterRequirement,
): RegisterInfo {
  return {
    name,
    bits: 32,
    group,
    selectors: [selector],
    ...(gdb === undefined ? {} : { gdb }),
    ...(requires === undefined ? {} : { requires }),
  };
}

function byte(name: string, group: RegisterGroup, selector: number, index: number, gdb: number): RegisterInfo {
  const requires: RegisterRequirement | undefined = group === "security"
    ? (index === 1 || index === 2 ? "mainline-security" : "security")
    : (index === 1 || index === 2 ? "mainline" : undefined);
  const field = { mask: (0xff << (index * 8)) >>> 0, shift: index * 8 };
  return { name, bits: 8, group, selectors: [selector], ...field, gdb, ...(requires ? { requires } : {}) };
}

function view(name: string, mask: number): RegisterInfo {
  return { name, bits: 32, group: "system", selectors: [SELECTOR.xpsr], mask, shift: 0 };
}

const APSR = 0xf80f0000;
const EPSR = 0x0700fc00;
const IPSR = 0x000001ff;

/** Every core register there is, in display order. */
export const REGISTERS: readonly RegisterInfo[] = [
  ...Array.from({ length: 13 }, (_, n) => word(`r${n}`, "general", n, n)),
  word("sp", "general", SELECTOR.sp, 13),
  word("lr", "general", SELECTOR.lr, 14),
  word("pc", "general", SELECTOR.pc, 15),
  word("xpsr", "general", SELECTOR.xpsr, 25),
  word("msp", "system", SELECTOR.msp, 17),
  word("psp", "system", SELECTOR.psp, 18),
  byte("control", "system", CFBP, 3, 19),
  byte("primask", "system", CFBP, 0, 20),
  byte("basepri", "system", CFBP, 1, 21),
  byte("faultmask", "system", CFBP, 2, 22),
  word("cfbp", "system", CFBP),
  view("apsr", APSR),
  view("iapsr", (IPSR | APSR) >>> 0),
  view("eapsr", (EPSR | APSR) >>> 0),
  view("ipsr", IPSR),
  view("epsr", EPSR),
  view("iepsr", IPSR | EPSR),
  word("msp_ns", "security", 24, 24, "security"),
  word("psp_ns", "security", 25, 42, "security"),
  word("msp_s", "security", 26, 26, "security"),
  word("psp_s", "security", 27, 27, "security"),
  word("msplim_s", "security", 28, 28, "security"),
  word("psplim_s", "security", 29, 29, "security"),
  word("msplim_ns", "security", 30, 30, "v8-mainline"),
  word("psplim_ns", "security", 31, 31, "v8-mainline"),
  byte("control_s", "security", CFBP_S, 3, 34),
  byte("primask_s", "security", CFBP_S, 0, 35),
  byte("basepri_s", "security", CFBP_S, 1, 36),
  byte("faultmask_s", "security", CFBP_S, 2, 37),
  byte("control_ns", "security", CFBP_NS, 3, 38),
  byte("primask_ns", "security", CFBP_NS, 0, 39),
  byte("basepri_ns", "security", CFBP_NS, 1, 40),
  byte("faultmask_ns", "security", CFBP_NS, 2, 41),
  word("cfbp_s", "security", CFBP_S, undefined, "security"),
  word("cfbp_ns", "security", CFBP_NS, undefined, "security"),
  word("vpr", "mve", 36, 32, "mve"),
  word("fpscr", "float", SELECTOR.fpscr, 33, "float"),
  ...Array.from({ length: 32 }, (_, n) => word(`s${n}`, "float", 0x40 + n, undefined, "float")),
  ...Array.from({ length: 16 }, (_, n): RegisterInfo => ({
    name: `d${n}`,
    bits: 64,
    group: "double",
    selectors: [0x40 + 2 * n, 0x41 + 2 * n],
    gdb: 48 + n,
    requires: "float",
  })),
];

/** Other names people use for the same registers. */
export const REGISTER_ALIASES: Readonly<Record<string, string>> = {
  r13: "sp",
  r14: "lr",
  r15: "pc",
  sl: "r10",
  fp: "r11",
  ip: "r12",
  psr: "xpsr",
  cpsr: "xpsr",
};

/** The registers that make up the visible state of the processor, read as one batch. */
export const GENERAL_REGISTERS: readonly string[] = REGISTERS.filter((r) => r.group === "general").map((r) => r.name);

/** What decides which registers a core has. */
export interface RegisterCapabilities {
  /** Armv7-M, or Armv8-M with the Main Extension. */
  readonly mainline: boolean;
  /** Armv8-M or later. */
  readonly v8: boolean;
  /** Security Extension (TrustZone). */
  readonly security: boolean;
  /** M-profile Vector Extension. */
  readonly mve: boolean;
  /** Floating-point registers. */
  readonly float: boolean;
}

/**
 * The registers a core has, in display order.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { registersFor } from "./registers.ts";
 *
 * const m0 = registersFor({ mainline: false, v8: false, security: false, mve: false, float: false });
 * assertEquals(m0.some((register) => register.name === "basepri"), false);
 * assertEquals(m0.find((register) => register.name === "xpsr")?.gdb, 25);
 * ```
 */
export function registersFor(has: RegisterCapabilities): RegisterInfo[] {
  const met: Readonly<Record<RegisterRequirement, boolean>> = {
    "mainline": has.mainline,
    "security": has.security,
    "mainline-security": has.mainline && has.security,
    "v8-mainline": has.mainline && has.v8,
    "mve": has.mve,
    "float": has.float || has.mve,
  };
  return REGISTERS.filter((register) => register.requires === undefined || met[register.requires]);
}
