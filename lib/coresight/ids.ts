/**
 * Names of CoreSight components, as data. What a component does follows from its architecture (DEVARCH) or type
 * (DEVTYPE), which product it belongs to from its part number; older parts are known by part number alone.
 *
 * @module
 */
import { COMPONENT_CLASS, type ComponentId } from "./component_id.ts";

/** What a component does, as far as anything here cares. */
export type ComponentKind =
  | "rom-table"
  | "scs"
  | "fpb"
  | "dwt"
  | "itm"
  | "tpiu"
  | "swo"
  | "etm"
  | "mtb"
  | "cti"
  | "funnel"
  | "replicator"
  | "trace-buffer"
  | "stm"
  | "pmu"
  | "cpu"
  | "gpr"
  | "sdc600"
  | "timestamp"
  | "mem-ap"
  | "jtag-ap"
  | "other"
  | "unknown";

/** A component for people. */
export interface ComponentName {
  /** What it is called, such as `DWT`; `???` when nothing is known. */
  readonly name: string;
  /** Product or core it belongs to, such as `M33`. */
  readonly product: string | undefined;
  /** What it does. */
  readonly kind: ComponentKind;
}

/** JEP106 code of Arm. */
export const ARM = 0x43b;
/** JEP106 code of Arm China. */
export const ARM_CHINA = 0xa75;

/** Names of JEP106 codes as PIDR gives them: continuation in bits 11:8, identity in 6:0. */
export const DESIGNERS: Readonly<Record<number, string>> = {
  0x00e: "NXP",
  0x015: "NXP",
  0x017: "Texas Instruments",
  0x01f: "Atmel",
  0x020: "ST",
  0x029: "Microchip",
  0x034: "Cypress",
  0x041: "Infineon",
  0x065: "Analog Devices",
  0x244: "Nordic Semiconductor",
  0x43b: "Arm",
  0x423: "Renesas",
  0xa75: "Arm China",
  0x673: "Silicon Labs",
  0x913: "Raspberry Pi",
  0x751: "GigaDevice",
};

type Named = readonly [name: string, kind: ComponentKind];

/** DEVARCH.ARCHID of architectures by Arm. */
const ARCHITECTURES: Readonly<Record<number, Named>> = {
  0x0a00: ["RASv1", "other"],
  0x1a01: ["ITMv2", "itm"],
  0x1a02: ["DWTv2", "dwt"],
  0x1a03: ["FPBv2", "fpb"],
  0x2a04: ["v8-M Debug", "scs"],
  0x6a05: ["v8-R Debug", "cpu"],
  0x0a06: ["v8-M PMUv1", "pmu"],
  0x0a07: ["EWIC", "other"],
  0x4a13: ["ETMv4", "etm"],
  0x1a14: ["CTIv2", "cti"],
  0x6a15: ["v8.0-A Debug", "cpu"],
  0x7a15: ["v8.1-A Debug", "cpu"],
  0x8a15: ["v8.2-A Debug", "cpu"],
  0x2a16: ["PMUv2", "pmu"],
  0x0a17: ["MEM-APv2", "mem-ap"],
  0x0a27: ["JTAG-AP", "jtag-ap"],
  0x0a31: ["MTB", "mtb"],
  0x0a34: ["GPR", "gpr"],
  0x0a47: ["APv1 Adapter", "mem-ap"],
  0x0a55: ["PMCv0/1", "other"],
  0x2a56: ["SMMUv3", "other"],
  0x0a63: ["STMv1", "stm"],
  0x0a66: ["AMUv1", "other"],
  0x0a75: ["ELA", "other"],
  0x0af7: ["ROM", "rom-table"],
};

/** Shorter names of architectures inside one product, which people know from its manual. */
const IN_PRODUCT: Readonly<Record<number, string>> = {
  0x1a01: "ITM",
  0x1a02: "DWT",
  0x1a03: "BPU",
  0x2a04: "SCS",
  0x0a06: "PMU",
  0x4a13: "ETM",
  0x1a14: "CTI",
  0x2a16: "PMU",
  0x6a15: "CPU",
};

/** DEVTYPE of components with no DEVARCH. */
const DEVICE_TYPES: Readonly<Record<number, Named>> = {
  0x11: ["TPIU", "tpiu"],
  0x21: ["ETB", "trace-buffer"],
  0x31: ["MTB", "mtb"],
  0x12: ["Trace Funnel", "funnel"],
  0x22: ["Trace Replicator", "replicator"],
  0x32: ["ETF", "trace-buffer"],
  0x13: ["ETM", "etm"],
  0x43: ["ITM", "itm"],
  0x63: ["STM", "stm"],
  0x14: ["CTI", "cti"],
  0x34: ["GPR", "gpr"],
  0x15: ["CPU", "cpu"],
  0x16: ["PMU", "pmu"],
};

/** A part number and, where the type does not tell, what it is. */
interface Part {
  readonly designer: number;
  readonly class: number;
  readonly part: number;
  readonly product?: string;
  readonly named?: Named;
}

const CS = COMPONENT_CLASS.coresight;
const GENERIC = COMPONENT_CLASS.generic;
const SYSTEM = COMPONENT_CLASS.system;

function arm(cls: number, part: number, product?: string, name?: string, kind?: ComponentKind): Part {
  return {
    designer: ARM,
    class: cls,
    part,
    ...(product ? { product } : {}),
    ...(name && kind ? { named: [name, kind] } : {}),
  };
}

/** Part numbers known by themselves. */
const PARTS: readonly Part[] = [
  arm(GENERIC, 0x000, "v7-M", "SCS", "scs"),
  arm(GENERIC, 0x001, "v7-M", "ITM", "itm"),
  arm(GENERIC, 0x002, "v7-M", "DWT", "dwt"),
  arm(GENERIC, 0x003, "v7-M", "FPB", "fpb"),
  arm(GENERIC, 0x004, "SC300", "SCS", "scs"),
  arm(GENERIC, 0x005, "SC300", "ITM", "itm"),
  arm(GENERIC, 0x006, "SC300", "DWT", "dwt"),
  arm(GENERIC, 0x007, "SC300", "FPB", "fpb"),
  arm(GENERIC, 0x008, "v6-M", "SCS", "scs"),
  arm(GENERIC, 0x00a, "v6-M", "DWT", "dwt"),
  arm(GENERIC, 0x00b, "v6-M", "BPU", "fpb"),
  arm(GENERIC, 0x00c, "v7-M", "SCS", "scs"),
  arm(GENERIC, 0x00d, "SC000", "SCS", "scs"),
  arm(GENERIC, 0x00e, "v7-M", "FPB", "fpb"),
  arm(CS, 0x193, "CS-600", "TSGEN", "timestamp"),
  arm(CS, 0x906, "CS-400"),
  arm(CS, 0x907, "CS-400"),
  arm(CS, 0x908, "CS-400"),
  arm(CS, 0x909, "CS-400"),
  arm(CS, 0x912, "CS-400"),
  arm(CS, 0x913, "CS-400"),
  arm(CS, 0x914, "CS-400", "SWO", "swo"),
  arm(CS, 0x917, "CS-400", "HTM", "other"),
  arm(CS, 0x923, "M3"),
  arm(CS, 0x924, "M3"),
  arm(CS, 0x925, "M4"),
  arm(CS, 0x926, "SC300"),
  arm(CS, 0x927, "SC300"),
  arm(CS, 0x932, "M0+"),
  arm(CS, 0x950, "A9", "PTM", "etm"),
  arm(CS, 0x961, undefined),
  arm(CS, 0x962, undefined, "STM", "stm"),
  arm(CS, 0x963, undefined, "STM-500", "stm"),
  arm(CS, 0x975, "M7"),
  arm(CS, 0x9a0, "A9"),
  arm(CS, 0x9a1, "M4"),
  arm(CS, 0x9a3, "M0", "MTB", "mtb"),
  arm(CS, 0x9a4, undefined, "GPR", "gpr"),
  arm(CS, 0x9a5, "A5"),
  arm(CS, 0x9a6, "M0+"),
  arm(CS, 0x9a7, "A7"),
  arm(CS, 0x9a9, "M7"),
  arm(CS, 0x9ba, undefined, "PMC-100", "other"),
  arm(CS, 0x9db, "A32"),
  arm(CS, 0x9e2, "CS-600", "APB-AP", "mem-ap"),
  arm(CS, 0x9e3, "CS-600", "AHB-AP", "mem-ap"),
  arm(CS, 0x9e4, "CS-600", "AXI-AP", "mem-ap"),
  arm(CS, 0x9e5, "CS-600", "APv1 Adapter", "mem-ap"),
  arm(CS, 0x9e6, "CS-600", "JTAG-AP", "jtag-ap"),
  arm(CS, 0x9e7, "CS-600"),
  arm(CS, 0x9e8, "CS-600", "ETR", "trace-buffer"),
  arm(CS, 0x9e9, "CS-600", "ETB", "trace-buffer"),
  arm(CS, 0x9ea, "CS-600", "ETF", "trace-buffer"),
  arm(CS, 0x9eb, "CS-600", "ATB Funnel", "funnel"),
  arm(CS, 0x9ec, "CS-600", "ATB Replicator", "replicator"),
  arm(CS, 0x9ed, "CS-600"),
  arm(CS, 0x9ee, "CS-600", "CATU", "other"),
  arm(CS, 0x9ef, undefined, "SDC-600", "sdc600"),
  arm(CS, 0x9f0, "CS-600", "GPIO Control", "other"),
  arm(CS, 0xc05, "A5"),
  arm(CS, 0xc07, "A7"),
  arm(CS, 0xc08, "A8"),
  arm(CS, 0xc09, "A9"),
  arm(CS, 0xc0d, "A12"),
  arm(CS, 0xc0e, "A17"),
  arm(CS, 0xc0f, "A15"),
  arm(CS, 0xd01, "A32"),
  arm(CS, 0xd02, "A34"),
  arm(CS, 0xd03, "A53"),
  arm(CS, 0xd04, "A35"),
  arm(CS, 0xd05, "A55"),
  arm(CS, 0xd06, "A65"),
  arm(CS, 0xd07, "A57"),
  arm(CS, 0xd08, "A72"),
  arm(CS, 0xd09, "A73"),
  arm(CS, 0xd0a, "A75"),
  arm(CS, 0xd0b, "A76"),
  arm(CS, 0xd20, "M23"),
  arm(CS, 0xd21, "M33"),
  arm(CS, 0xd22, "M55"),
  arm(CS, 0xd23, "M85"),
  arm(CS, 0xd31, "M35P"),
  arm(SYSTEM, 0x101, undefined, "TSGEN", "timestamp"),
  arm(SYSTEM, 0x580, undefined, "Ethos-U55", "other"),
  { designer: ARM_CHINA, class: CS, part: 0x132, product: "Star-MC1" },
  { designer: ARM_CHINA, class: CS, part: 0xd24, product: "M52" },
  { designer: ARM_CHINA, class: CS, part: 0xd25, product: "Star-MC3" },
  { designer: 0x00e, class: CS, part: 0x000, named: ["MTBDWT", "other"] },
  { designer: 0x020, class: SYSTEM, part: 0x000, named: ["DBGMCU", "other"] },
];

/**
 * What a component is called and does.
 *
 * @example The breakpoint unit of a Cortex-M33
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nameComponent } from "./ids.ts";
 *
 * const id = { revision: 0, devid: 0, devid2: 0, size: 4096 };
 * assertEquals(
 *   nameComponent({ ...id, class: 9, designer: 0x43b, part: 0xd21, devtype: 0, archid: 0x1a03 }),
 *   { name: "BPU", product: "M33", kind: "fpb" },
 * );
 * ```
 */
export function nameComponent(id: ComponentId): ComponentName {
  const part = PARTS.find((p) => p.designer === id.designer && p.class === id.class && p.part === id.part);
  const product = part?.product;
  if (id.class === COMPONENT_CLASS.romTable) return { name: "ROM", product, kind: "rom-table" };
  if (part?.named) return { name: part.named[0], product, kind: part.named[1] };
  const architecture = ARCHITECTURES[id.archid];
  if (architecture) {
    const short = product ? IN_PRODUCT[id.archid] : undefined;
    return { name: short ?? architecture[0], product, kind: architecture[1] };
  }
  const isArm = id.designer === ARM || id.designer === ARM_CHINA;
  const type = isArm && id.class === CS ? DEVICE_TYPES[id.devtype] : undefined;
  return type ? { name: type[0], product, kind: type[1] } : { name: "???", product, kind: "unknown" };
}

/** A designer's name, or its code when it is not known. */
export function designerName(code: number): string {
  return DESIGNERS[code] ?? `0x${code.toString(16).padStart(3, "0")}`;
}
