/**
 * Looks at what flash holds before it is erased: what need not be done, and what must be kept.
 *
 * @module
 */
import { equalBytes, hex } from "../base/bytes.ts";
import { FlashError, TransferError } from "../base/errors.ts";
import { crc32 } from "../format/crc32.ts";
import type { MemoryInterface } from "../dap/memory.ts";
import type { SectorPlan } from "./plan.ts";

/** Bytes read at once; reading stops at the first chunk that settles the matter. */
const CHUNK = 4096;

/** What a sector needs. */
export interface SectorNeeds {
  /** The sector. */
  readonly sector: SectorPlan;
  /** What it must hold afterwards, kept bytes included. */
  readonly content: Uint8Array;
  /** Whether it must be erased. */
  readonly erase: boolean;
  /** Whether it must be programmed. */
  readonly program: boolean;
}

/** What to look for. */
export interface SurveyOptions {
  /** Value of an erased byte. */
  readonly erasedByte: number;
  /** Skip what is right already. */
  readonly smart: boolean;
  /** Keep the bytes that the image does not claim. */
  readonly keep: boolean;
}

/**
 * What `sector` needs, judged by what it holds now.
 *
 * A sector that cannot be read (protected, or unreadable while erased on chips with ECC) needs everything.
 *
 * @throws {FlashError} when bytes have to be kept and cannot be read
 */
export async function surveySector(
  memory: Pick<MemoryInterface, "readBytes">,
  sector: SectorPlan,
  options: SurveyOptions,
): Promise<SectorNeeds> {
  const everything = { sector, content: sector.content, erase: true, program: true };
  if (options.keep) {
    const present = await readToKeep(memory, sector);
    const content = present.slice();
    for (const { start, end } of sector.image) {
      content.set(sector.content.subarray(start - sector.start, end - sector.start), start - sector.start);
    }
    if (!options.smart) return { ...everything, content };
    if (equalBytes(present, content)) return { sector, content, erase: false, program: false };
    return { sector, content, erase: present.some((byte) => byte !== options.erasedByte), program: true };
  }
  if (!options.smart) return everything;
  let same = true;
  let blank = true;
  for (let at = 0; at < sector.size && (same || blank); at += CHUNK) {
    const wanted = sector.content.subarray(at, at + CHUNK);
    let present: Uint8Array;
    try {
      present = await memory.readBytes(sector.start + at, wanted.length);
    } catch (error) {
      if (error instanceof TransferError) return everything;
      throw error;
    }
    same &&= equalBytes(present, wanted);
    blank &&= present.every((byte) => byte === options.erasedByte);
  }
  return { sector, content: sector.content, erase: !same && !blank, program: !same };
}

/** What `sector` needs, judged by the CRC-32 of what it holds now. */
export function needsByChecksum(sector: SectorPlan, checksum: number, erasedByte: number): SectorNeeds {
  const same = checksum === crc32(sector.content);
  const blank = checksum === crc32(new Uint8Array(sector.size).fill(erasedByte));
  return { sector, content: sector.content, erase: !same && !blank, program: !same };
}

async function readToKeep(memory: Pick<MemoryInterface, "readBytes">, sector: SectorPlan): Promise<Uint8Array> {
  try {
    return await memory.readBytes(sector.start, sector.size);
  } catch (cause) {
    if (!(cause instanceof TransferError)) throw cause;
    throw new FlashError(`Cannot keep the bytes of the sector at ${hex(sector.start)}: it cannot be read`, {
      code: "flash-keep-unreadable",
      hint: "Load without keep_unwritten to erase them",
      cause,
      fields: { address: sector.start },
    });
  }
}
