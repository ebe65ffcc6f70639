/**
 * What a core is and has, from its identification registers.
 *
 * Armv7-M (DDI 0403) B3.2.3 and B4, Armv8-M (DDI 0553) D1.2 CPUID, ID_*, MVFRn, CLIDR.
 *
 * @module
 */
import { bits } from "../base/bits.ts";
import { hex } from "../base/bytes.ts";
import { type TransferError } from "../base/errors.ts";
import { getLogger } from "../base/log.ts";
import { readEach } from "../coresight/batch.ts";
import type { MemoryInterface } from "../dap/memory.ts";
import { type CacheGeometry, decodeCaches } from "./caches.ts";
import type { CoreFeatures } from "./core.ts";
import { SCS } from "./debug_regs.ts";
import type { RegisterCapabilities } from "./registers.ts";

/** Raw identification registers of one core; those it does not have are zero. */
export interface IdentityWords {
  /** CPUID. */
  readonly cpuid: number;
  /** Debug DEVARCH, which names the architecture from v8-M on. */
  readonly ddevarch: number;
  /** MPU_TYPE. */
  readonly mpuType: number;
  /** The sixteen words from ID_PFR0 to CTR. */
  readonly id: Uint32Array;
  /** MVFR0, MVFR1 and MVFR2. */
  readonly mvfr: Uint32Array;
  /** PMU_TYPE. */
  readonly pmuType: number;
}

/** Everything known about a core before its breakpoint and watchpoint units were looked at. */
export interface CoreIdentity {
  /** What people see; comparators are filled in by the core. */
  readonly features: Omit<CoreFeatures, "breakpoints" | "watchpoints">;
  /** What decides which registers it has. */
  readonly capabilities: RegisterCapabilities;
  /** First-level caches. */
  readonly caches: CacheGeometry;
}

const ARM = 0x41;
const ARM_CHINA = 0x63;
const ARCHID_V8M = 0x2a04;

const PARTS: readonly (readonly [implementer: number, part: number, name: string])[] = [
  [ARM, 0xc20, "Cortex-M0"],
  [ARM, 0xc21, "Cortex-M1"],
  [ARM, 0xc23, "Cortex-M3"],
  [ARM, 0xc24, "Cortex-M4"],
  [ARM, 0xc27, "Cortex-M7"],
  [ARM, 0xc30, "SC000"],
  [ARM, 0xc33, "SC300"],
  [ARM, 0xc60, "Cortex-M0+"],
  [ARM, 0xd20, "Cortex-M23"],
  [ARM, 0xd21, "Cortex-M33"],
  [ARM, 0xd22, "Cortex-M55"],
  [ARM, 0xd23, "Cortex-M85"],
  [ARM, 0xd31, "Cortex-M35P"],
  [ARM_CHINA, 0x132, "Star-MC1"],
  [ARM_CHINA, 0xd24, "Cortex-M52"],
  [ARM_CHINA, 0xd25, "Star-MC3"],
];

/**
 * The processor's name for a CPUID value.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { coreName } from "./features.ts";
 *
 * assertEquals(coreName(0x410fc241), "Cortex-M4");
 * assertEquals(coreName(0x410f1230), "Unknown (CPUID=0x410f1230)");
 * ```
 */
export function coreName(cpuid: number): string {
  const found = PARTS.find(([implementer, part]) => implementer === bits(cpuid, 31, 24) && part === bits(cpuid, 15, 4));
  return found?.[2] ?? `Unknown (CPUID=${hex(cpuid)})`;
}

/** Works out what a core is from its identification registers. */
export function decodeIdentity(words: IdentityWords): CoreIdentity {
  const { cpuid } = words;
  const v8 = bits(words.ddevarch, 15, 0) === ARCHID_V8M;
  const mainline = bits(cpuid, 19, 16) === 0xf;
  const isar0 = words.id[8]!;
  const v81 = v8 && mainline && bits(isar0, 15, 12) === 3;
  const extensions = decodeExtensions(words, { v8, v81, mainline });
  const has = (name: string) => extensions.includes(name);
  const architecture = v81
    ? "v8.1-M mainline"
    : v8
    ? (mainline ? "v8-M mainline" : "v8-M baseline")
    : mainline
    ? "v7-M"
    : "v6-M";
  return {
    features: {
      name: coreName(cpuid),
      revision: `r${bits(cpuid, 23, 20)}p${bits(cpuid, 3, 0)}`,
      architecture,
      cpuid,
      fpu: describeFpu(has),
      extensions,
    },
    capabilities: { mainline, v8, security: has("SEC"), mve: has("MVE"), float: has("FPU") },
    caches: decodeCaches(mainline ? words.id[14]! : 0, mainline ? words.id[15]! : 0),
  };
}

/** Reads the identification registers and decodes them. @throws {TransferError} when CPUID cannot be read */
export async function readIdentity(memory: MemoryInterface): Promise<CoreIdentity> {
  const cpuid = await memory.read32(SCS.cpuid);
  const baseline = await readOrZero(memory, [[SCS.ddevarch, 1], [SCS.mpuType, 1]]);
  const v6 = bits(cpuid, 19, 16) !== 0xf && bits(baseline[0]![0]!, 15, 0) !== ARCHID_V8M;
  // Armv6-M defines none of these; what an implementation returns there means nothing.
  const [id, mvfr] = v6
    ? [new Uint32Array(16), new Uint32Array(3)]
    : await readOrZero(memory, [[SCS.pfr0, 16], [SCS.mvfr0, 3]]) as [Uint32Array, Uint32Array];
  const mayHavePmu = bits(id[8]!, 15, 12) === 3 && bits(baseline[0]![0]!, 15, 0) === ARCHID_V8M;
  const pmuType = mayHavePmu ? (await readOrZero(memory, [[SCS.pmuType, 1]]))[0]![0]! : 0;
  return decodeIdentity({ cpuid, ddevarch: baseline[0]![0]!, mpuType: baseline[1]![0]!, id, mvfr, pmuType });
}

async function readOrZero(
  memory: MemoryInterface,
  reads: readonly (readonly [address: number, count: number])[],
): Promise<Uint32Array[]> {
  const results = await readEach(memory, reads.map(([address, count]) => ({ address, count })));
  return results.map((result, index) => {
    if (result instanceof Uint32Array) return result;
    const [address, count] = reads[index]!;
    return unreadable(address, count, result);
  });
}

function unreadable(address: number, count: number, error: TransferError): Uint32Array {
  getLogger("core").debug(() => `Identification register at ${hex(address)} taken as zero: ${error.message}`);
  return new Uint32Array(count);
}

interface ArchitectureFacts {
  readonly v8: boolean;
  readonly v81: boolean;
  readonly mainline: boolean;
}

function decodeExtensions(words: IdentityWords, is: ArchitectureFacts): string[] {
  const out: string[] = [];
  const add = (name: string, present: boolean) => {
    if (present) out.push(name);
  };
  const [pfr0, pfr1, dfr0] = [words.id[0]!, words.id[1]!, words.id[2]!];
  const [isar3, isar5] = [words.id[11]!, words.id[13]!];
  const [mvfr0, mvfr1, mvfr2] = [words.mvfr[0]!, words.mvfr[1]!, words.mvfr[2]!];
  add("MPU", bits(words.mpuType, 15, 8) > 0);
  if (is.mainline) {
    const double = bits(mvfr0, 11, 8) === 2;
    const float = double || bits(mvfr0, 7, 4) === 2;
    const v5 = double || bits(mvfr2, 7, 4) === 4;
    add("DSP", bits(isar3, 7, 4) === 3);
    add("FPU", float);
    add("FPU_V4", float && !v5);
    add("FPU_V5", float && v5);
    add("FPU_DP", double);
    add("FPU_HP", float && bits(mvfr1, 23, 20) === 1);
  }
  if (is.v81) {
    add("MVE", bits(mvfr1, 11, 8) >= 1);
    add("MVE_FP", bits(mvfr1, 11, 8) === 2);
    add("PACBTI", bits(isar5, 23, 20) !== 0);
    add("PMU", bits(words.pmuType, 3, 0) > 0);
  }
  if (is.v8) {
    const security = bits(pfr1, 7, 4);
    add("SEC", security === 1 || security === 3);
    add("SEC_V81", security === 3);
    add("RAS", bits(pfr0, 31, 28) === 2);
    add("UDE", bits(dfr0, 31, 28) === 1);
  }
  return out;
}

function describeFpu(has: (name: string) => boolean): string | undefined {
  if (!has("FPU")) return undefined;
  return `FPv${has("FPU_V5") ? 5 : 4}-${has("FPU_DP") ? "D" : "SP-D"}16`;
}
