/**
 * ROM-table entries: which components there are and where, for both classes of table.
 *
 * CoreSight architecture (IHI 0029) D6 (class 0x1) and D7 (class 0x9), ADIv5.2 (IHI 0031) D.
 *
 * @module
 */
import { bit, bits } from "../base/bits.ts";
import type { WaitingSpace, WordSpace } from "./batch.ts";
import { COMPONENT_CLASS, type ComponentId } from "./component_id.ts";

/** One entry, decoded. */
export interface RomEntry {
  /** Position in the table, 0 for the first. */
  readonly index: number;
  /** Byte address of the component's last 4 KB; above 2^32 where the debugger cannot reach it. */
  readonly address: number;
  /** Whether the component is there; a table may keep places for what a chip left out. */
  readonly present: boolean;
  /** Power domain that must be on first, when the entry names one. */
  readonly powerId: number | undefined;
}

/** How a table's entries are laid out. */
export interface RomLayout {
  /** Words per entry: 2 for 64-bit entries. */
  readonly words: 1 | 2;
  /** Entries the table can hold. */
  readonly limit: number;
  /** Whether the table itself can switch power domains on (DEVID.PRR). */
  readonly powerRequests: boolean;
}

const ARCHID_ROM = 0x0af7;
const CLASS1_LIMIT = 960;
const CLASS9_LIMIT = 512;

/** The layout of the table a component is, or undefined when it is no ROM table. */
export function romLayout(id: ComponentId): RomLayout | undefined {
  if (id.class === COMPONENT_CLASS.romTable) return { words: 1, limit: CLASS1_LIMIT, powerRequests: false };
  if (id.class !== COMPONENT_CLASS.coresight || id.archid !== ARCHID_ROM) return undefined;
  const words = bits(id.devid, 3, 0) === 1 ? 2 : 1;
  return { words, limit: CLASS9_LIMIT / words, powerRequests: bit(id.devid, 5) };
}

/**
 * Decodes one entry of a class 0x1 table at byte address `base`.
 *
 * @returns undefined for the entry that ends the table
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decodeClass1Entry } from "./rom_table.ts";
 *
 * const entry = decodeClass1Entry(0xfff0f003, 0xe00ff000, 0);
 * assertEquals([entry?.address, entry?.present], [0xe000e000, true]);
 * ```
 */
export function decodeClass1Entry(word: number, base: number, index: number): RomEntry | undefined {
  if (word === 0) return undefined;
  return { index, address: offsetFrom(base, word, 0), present: bit(word, 0) && bit(word, 1), powerId: powerId(word) };
}

/**
 * Decodes one entry of a class 0x9 table at byte address `base`; `high` is the upper word of a 64-bit entry.
 *
 * @returns undefined for the entry that ends the table
 */
export function decodeClass9Entry(word: number, high: number, base: number, index: number): RomEntry | undefined {
  const present = bits(word, 1, 0);
  if (present === 0) return undefined;
  return { index, address: offsetFrom(base, word, high), present: present === 3, powerId: powerId(word) };
}

/** First read of a table, in entries; enough for those of the common cores. */
const FIRST_CHUNK = 16;
const NEXT_CHUNK = 64;

/** Reads the entries of the table at byte address `base` up to its end. @throws {TransferError} */
export async function readRomEntries(memory: WordSpace, base: number, id: ComponentId): Promise<RomEntry[]> {
  const layout = romLayout(id);
  if (!layout) return [];
  const out: RomEntry[] = [];
  let chunk = FIRST_CHUNK;
  for (let first = 0; first < layout.limit; first += chunk, chunk = NEXT_CHUNK) {
    const count = Math.min(chunk, layout.limit - first);
    const words = await memory.readWords(base + first * layout.words * 4, count * layout.words);
    for (let n = 0; n < count; n++) {
      const word = words[n * layout.words]!;
      const high = layout.words === 2 ? words[n * 2 + 1]! : 0;
      const entry = id.class === COMPONENT_CLASS.romTable
        ? decodeClass1Entry(word, base, first + n)
        : decodeClass9Entry(word, high, base, first + n);
      if (entry === undefined) return out;
      out.push(entry);
    }
    if (count < chunk) break;
  }
  return out;
}

const DBGPCR0 = 0xa00;
const DBGPSR0 = 0xa80;
const PRIDR0 = 0xc00;
const DBGPCR_PRESENT = 1 << 0;
const DBGPCR_PR = 1 << 1;
const DBGPSR_POWERED = 1 << 0;
const POWER_LIMIT = 5000;

/**
 * Switches a power domain on through the table's own power requests (class 0x9 with DEVID.PRR).
 *
 * @returns why it could not be done, or undefined when the domain has power
 * @throws {TransferError}
 */
export async function requestRomPower(
  memory: WaitingSpace,
  base: number,
  domain: number,
): Promise<string | undefined> {
  const [version, control] = await Promise.all([
    memory.read32(base + PRIDR0),
    memory.read32(base + DBGPCR0 + domain * 4),
  ]);
  if (bits(version, 3, 0) !== 1) return `power requests of unknown version ${bits(version, 3, 0)}`;
  if ((control & DBGPCR_PRESENT) === 0) return `power domain ${domain} cannot be requested`;
  memory.write32(base + DBGPCR0 + domain * 4, control | DBGPCR_PR);
  const on = await memory.waitFor32(base + DBGPSR0 + domain * 4, DBGPSR_POWERED, DBGPSR_POWERED, POWER_LIMIT);
  return on ? undefined : `power domain ${domain} did not come up within ${POWER_LIMIT} ms`;
}

function powerId(word: number): number | undefined {
  return bit(word, 2) ? bits(word, 8, 4) : undefined;
}

/** Offsets are signed: a 32-bit table wraps at 2^32, a 64-bit one at 2^64. */
function offsetFrom(base: number, word: number, high: number): number {
  const low = (word & 0xfffff000) >>> 0;
  if (high === 0) return (base + low) % 2 ** 32;
  return Number(BigInt.asUintN(64, BigInt(base) + (BigInt(high) << 32n) + BigInt(low)));
}
