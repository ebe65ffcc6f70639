/**
 * UF2, the USB Flashing Format: blocks of 512 bytes that each say where their payload belongs.
 * Follows Microsoft's UF2 specification.
 *
 * @module
 */
import { equalBytes, viewOf } from "../base/bytes.ts";
import { FormatError } from "../base/errors.ts";
import type { ImageSegment } from "./image.ts";
import { SegmentBuilder } from "./segments.ts";
import { describeFamily } from "./uf2_families.ts";

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
  /** Families to read, such as 0xe48bff56 for RP2040; needed when the file holds several. */
  readonly families?: readonly number[];
}

const BLOCK = 512;
const MAGIC0 = 0x0a324655;
const MAGIC1 = 0x9e5d5157;
const MAGIC_END = 0x0ab16f30;
const MAX_PAYLOAD = 476;
const FLAG_NOT_MAIN_FLASH = 0x1;
const FLAG_FILE_CONTAINER = 0x1000;
const FLAG_FAMILY = 0x2000;
/** RP2350 tools put one block of this family in front, at this address, that only its boot ROM reads (erratum E10). */
const ABSOLUTE_FAMILY = 0xe48bff57;
const ROM_ONLY_ADDRESS = 0x10ffff00;

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
 * Reads a UF2 file, or several in one; blocks may stand in any order and leave gaps in memory, but none may be missing.
 *
 * @throws {FormatError} for damaged or missing blocks, overlapping data, or several families with none chosen (code
 * `uf2-families`, and the families as a field)
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
  const code = flashable.filter((block) => !isForRomOnly(block));
  const blocksOfAny = code.length === 0 ? flashable : code;
  const families = [...new Set(blocksOfAny.map((block) => block.family).filter((family) => family !== undefined))];
  const chosen = chooseFamilies(families, options.families, fileName);
  const blocks = blocksOfAny.filter((block) => block.family === undefined || chosen.includes(block.family));
  if (blocks.length < flashable.length) {
    notes.push(`${fileName}: left out ${flashable.length - blocks.length} blocks of other families`);
  }
  const builder = new SegmentBuilder(fileName);
  for (const family of new Set(blocks.map((block) => block.family))) {
    const own = inOrder(blocks.filter((block) => block.family === family), fileName);
    for (const block of own) builder.add(block.address, block.payload, `block ${block.index}`);
  }
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

function isForRomOnly({ family, address, number, total }: Block): boolean {
  return family === ABSOLUTE_FAMILY && address === ROM_ONLY_ADDRESS && number === 0 && total === 2;
}

function chooseFamilies(
  families: readonly number[],
  wanted: readonly number[] | undefined,
  fileName: string,
): readonly number[] {
  const list = families.map(describeFamily).join(", ");
  if (wanted !== undefined) {
    if (families.length > 0 && !families.some((family) => wanted.includes(family))) {
      throw fault(fileName, `it holds nothing for family ${wanted.map(describeFamily).join(", ")}, only for ${list}`);
    }
    return wanted;
  }
  if (families.length < 2) return families;
  throw new FormatError(`Cannot read ${fileName}: it holds data for several families: ${list}`, {
    code: "uf2-families",
    hint: "Choose one of them with --uf2-family",
    fields: { file: fileName, families },
  });
}

/** Blocks of one family by number, file after file when several were put into one; equal repeats dropped. */
function inOrder(blocks: readonly Block[], fileName: string): Block[] {
  const done: Block[] = [];
  let part = new Map<number, Block>();
  let total = blocks[0]?.total ?? 0;
  const finish = (): void => {
    if (part.size !== total) {
      let missing = 0;
      while (part.has(missing)) missing++;
      throw fault(fileName, `block ${missing} of ${total} is missing; the file may be cut off`);
    }
    done.push(...[...part.values()].sort((a, b) => a.number - b.number));
  };
  for (const block of blocks) {
    const twin = part.get(block.number);
    if (twin !== undefined && isSame(twin, block)) continue;
    // Behind the last block of a whole file another one may follow.
    if (part.size === total && (twin !== undefined || block.total !== total)) {
      finish();
      part = new Map();
      total = block.total;
    } else if (twin !== undefined && block.total === total) {
      throw fault(fileName, `blocks ${twin.index} and ${block.index} both claim to be number ${block.number}`);
    }
    if (block.total !== total || block.number >= block.total) {
      throw fault(fileName, `block ${block.index} counts as ${block.number} of ${block.total}, others as of ${total}`);
    }
    part.set(block.number, block);
  }
  finish();
  return done;
}

function isSame(a: Block, b: Block): boolean {
  return a.address === b.address && a.total === b.total && equalBytes(a.payload, b.payload);
}
