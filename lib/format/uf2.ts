/**
 * UF2, the USB Flashing Format: blocks of 512 bytes that each say where their payload belongs.
 * Follows Microsoft's UF2 specification.
 *
 * @module
 */
import { hex, viewOf } from "../base/bytes.ts";
import { FormatError } from "../base/errors.ts";
import type { ImageSegment } from "./image.ts";
import { SegmentBuilder } from "./segments.ts";

/** What a UF2 file holds. */
export interface Uf2 {
  /** Sorted, not overlapping. */
  readonly segments: readonly ImageSegment[];
  /** Family ids in the file, in order of appearance. */
  readonly families: readonly number[];
  /** What was left out, in the user's words. */
  readonly notes: readonly string[];
}

/** How to read a UF2 file. */
export interface Uf2Options {
  /** Family to read when the file holds several, such as 0xe48bff56 for RP2040. */
  readonly familyId?: number;
}

const BLOCK = 512;
const MAGIC0 = 0x0a324655;
const MAGIC1 = 0x9e5d5157;
const MAGIC_END = 0x0ab16f30;
const MAX_PAYLOAD = 476;
const FLAG_NOT_MAIN_FLASH = 0x1;
const FLAG_FILE_CONTAINER = 0x1000;
const FLAG_FAMILY = 0x2000;
/** RP2350 tools put one block of this family in front that only the boot ROM of that chip reads (erratum E10). */
const ABSOLUTE_FAMILY = 0xe48bff57;

interface Block {
  readonly index: number;
  readonly flags: number;
  readonly address: number;
  readonly payload: Uint8Array;
  readonly number: number;
  readonly total: number;
  readonly family: number | undefined;
}

/**
 * Reads a UF2 file; blocks may stand in any order and leave gaps in memory, but none may be missing.
 *
 * @throws {FormatError} for damaged or missing blocks, overlapping data, or several families with none chosen
 */
export function parseUf2(bytes: Uint8Array, fileName: string, options: Uf2Options = {}): Uf2 {
  if (bytes.length === 0 || bytes.length % BLOCK !== 0) {
    throw fault(fileName, `its ${bytes.length} bytes are not a whole number of 512-byte blocks`);
  }
  const notes: string[] = [];
  const all: Block[] = [];
  for (let i = 0; i < bytes.length / BLOCK; i++) all.push(parseBlock(bytes, i, fileName));
  const flashable = all.filter((block) => (block.flags & (FLAG_NOT_MAIN_FLASH | FLAG_FILE_CONTAINER)) === 0);
  if (flashable.length < all.length) {
    notes.push(`${fileName}: left out ${all.length - flashable.length} blocks that are not meant for flash memory`);
  }
  const families = [...new Set(flashable.map((block) => block.family).filter((family) => family !== undefined))];
  const chosen = chooseFamily(families, options.familyId, fileName);
  const blocks = flashable.filter((block) => block.family === chosen || block.family === undefined);
  if (blocks.length < flashable.length) {
    notes.push(`${fileName}: left out ${flashable.length - blocks.length} blocks of other families`);
  }
  const builder = new SegmentBuilder(fileName);
  for (const block of inOrder(blocks, fileName)) builder.add(block.address, block.payload, `block ${block.index}`);
  return { segments: builder.finish(), families, notes };
}

/** Whether `bytes` begin as a UF2 block does. */
export function looksLikeUf2(bytes: Uint8Array): boolean {
  if (bytes.length < 8) return false;
  const view = viewOf(bytes);
  return view.getUint32(0, true) === MAGIC0 && view.getUint32(4, true) === MAGIC1;
}

function fault(fileName: string, reason: string, hint?: string): FormatError {
  return new FormatError(`Cannot read ${fileName}: ${reason}`, {
    fields: { file: fileName },
    ...(hint ? { hint } : {}),
  });
}

function parseBlock(bytes: Uint8Array, index: number, fileName: string): Block {
  const at = index * BLOCK;
  const view = viewOf(bytes.subarray(at, at + BLOCK));
  const word = (offset: number): number => view.getUint32(offset, true);
  if (word(0) !== MAGIC0 || word(4) !== MAGIC1 || word(508) !== MAGIC_END) {
    throw fault(fileName, `block ${index} lacks the marks of a UF2 block`);
  }
  const [flags, size] = [word(8), word(16)];
  if (size > MAX_PAYLOAD) throw fault(fileName, `block ${index} declares ${size} bytes, at most ${MAX_PAYLOAD} fit`);
  return {
    index,
    flags,
    address: word(12),
    payload: bytes.subarray(at + 32, at + 32 + size),
    number: word(20),
    total: word(24),
    family: (flags & FLAG_FAMILY) !== 0 ? word(28) : undefined,
  };
}

function chooseFamily(families: readonly number[], wanted: number | undefined, fileName: string): number | undefined {
  const list = families.map((family) => hex(family)).join(", ");
  if (wanted !== undefined) {
    if (families.length > 0 && !families.includes(wanted)) {
      throw fault(fileName, `it holds nothing for family ${hex(wanted)}, only for ${list}`);
    }
    return wanted;
  }
  const usual = families.length > 1 ? families.filter((family) => family !== ABSOLUTE_FAMILY) : families;
  if (usual.length > 1) throw fault(fileName, `it holds data for several families: ${list}`, "Choose one of them");
  return usual[0];
}

/** Blocks by number; equal repeats dropped. */
function inOrder(blocks: readonly Block[], fileName: string): Block[] {
  const byNumber = new Map<number, Block>();
  for (const block of blocks) {
    const twin = byNumber.get(block.number);
    if (!twin) byNumber.set(block.number, block);
    else if (twin.address !== block.address || twin.payload.some((byte, i) => byte !== block.payload[i])) {
      throw fault(fileName, `blocks ${twin.index} and ${block.index} both claim to be number ${block.number}`);
    }
  }
  const total = blocks[0]?.total ?? 0;
  for (const block of blocks) {
    if (block.total !== total || block.number >= block.total) {
      throw fault(fileName, `block ${block.index} counts as ${block.number} of ${block.total}, others as of ${total}`);
    }
  }
  if (byNumber.size !== total) {
    let missing = 0;
    while (byNumber.has(missing)) missing++;
    throw fault(fileName, `block ${missing} of ${total} is missing; the file may be cut off`);
  }
  return [...byNumber.values()].sort((a, b) => a.number - b.number);
}
